import { html, layout } from './html.ts';

/** How to get in: its script exchanges the code of a login link, or a token that was typed in, for a session. */
export function loginPage(): string {
  return layout({
    title: 'Log in - Genesis DR',
    head: html`<script src="/assets/login.js" defer></script>`,
    body: html`<header class="top"><h1>Genesis DR</h1></header>
      <main>
        <section class="card">
          <h2>Log in</h2>
          <p id="message" role="status">With a login link, or with a token.</p>
          <form id="token-form" method="post" hidden>
            <label for="token">Token</label>
            <input id="token" type="password" autocomplete="off" spellcheck="false" required />
            <button type="submit">Log in</button>
          </form>
          <h3>A login link</h3>
          <p>On the machine that runs Genesis, as the user that runs it:</p>
          <pre>genesis login</pre>
          <p>
            It prints a link that works once, within ten minutes, in a browser on the same machine. In a checkout
            without an installed <code>genesis</code>: <code>npm run genesis -- login</code>.
          </p>
          <h3>A token</h3>
          <p>
            Who has none asks an admin for one: <code>genesis token create NAME --role viewer</code>. It opens a session
            with its own role; it is sent once and kept nowhere in the browser.
          </p>
          <noscript><p>Logging in needs JavaScript. Programs send their token with each request instead.</p></noscript>
          <p class="soft small">
            From another machine, forward the port first: <code>ssh -L 9847:127.0.0.1:9847 HOST</code>.
            <a href="/api/docs">API reference</a>
          </p>
        </section>
      </main>`,
  });
}
