import { html, layout } from './html.ts';

/** Explains how to get in; its script exchanges the code of a login link, where one brought the visitor here. */
export function loginPage(): string {
  return layout({
    title: 'Log in - Genesis DR',
    head: html`<script src="/assets/login.js" defer></script>`,
    body: html`<header class="top"><h1>Genesis DR</h1></header>
      <main>
        <section class="card">
          <h2>Log in</h2>
          <p id="message">This page needs a login link.</p>
          <p>On the machine that runs Genesis, as the user that runs it:</p>
          <pre>genesis login</pre>
          <p>
            It prints a link that works once, within ten minutes, in a browser on the same machine. In a checkout
            without an installed <code>genesis</code>: <code>npm run genesis -- login</code>.
          </p>
          <noscript
            ><p>
              The link needs JavaScript to hand over its code. Programs use tokens instead:
              <code>genesis token create</code>.
            </p></noscript
          >
          <p class="soft small">
            From another machine, forward the port first: <code>ssh -L 9847:127.0.0.1:9847 HOST</code>.
            <a href="/api/docs">API reference</a>
          </p>
        </section>
      </main>`,
  });
}
