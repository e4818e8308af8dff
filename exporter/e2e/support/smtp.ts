import { createServer, type Socket } from 'node:net';

export interface Mail {
  readonly to: readonly string[];
  /** `user:password` of AUTH PLAIN; null without a login. */
  readonly login: string | null;
  /** Lower-case header names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message as it came, transfer encodings undone where they are quoted-printable. */
  readonly body: string;
}

export interface SmtpSink {
  /** host:port */
  readonly address: string;
  mails(): readonly Mail[];
  stop(): Promise<void>;
}

/** A mail server that takes every mail and delivers none. */
export async function startSmtpSink(): Promise<SmtpSink> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, (mail) => mails.push(mail));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the mail sink has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    mails: () => mails,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Just enough of RFC 5321 for a client that sends one mail after the other. */
function serve(socket: Socket, taken: (mail: Mail) => void): void {
  let rest = '';
  let to: string[] = [];
  let login: string | null = null;
  let data: string[] | null = null;
  const say = (line: string): boolean => socket.write(`${line}\r\n`);
  const line = (text: string): void => {
    if (data !== null) {
      if (text !== '.') return void data.push(text.startsWith('..') ? text.slice(1) : text);
      taken({ to, login, ...split(data) });
      [to, data] = [[], null];
      say('250 taken');
      return;
    }
    const [verb = ''] = text.toUpperCase().split(/[\s:]/);
    if (verb === 'EHLO') socket.write('250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n');
    else if (verb === 'AUTH') {
      const [, user, password] = Buffer.from(text.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0');
      login = `${user}:${password}`;
      say('235 welcome');
    } else if (verb === 'RCPT') {
      to.push(/<([^>]*)>/.exec(text)?.[1] ?? text);
      say('250 ok');
    } else if (verb === 'DATA') {
      data = [];
      say('354 go on');
    } else if (verb === 'QUIT') socket.end('221 bye\r\n');
    else say('250 ok');
  };
  say('220 sink');
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop() ?? '';
    lines.forEach(line);
  });
}

function split(lines: readonly string[]): Pick<Mail, 'headers' | 'body'> {
  const end = lines.indexOf('');
  const unfolded = lines
    .slice(0, end)
    .join('\n')
    .replaceAll(/\n[ \t]+/g, ' ');
  const headers = Object.fromEntries(
    unfolded.split('\n').map((header) => {
      const at = header.indexOf(':');
      return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()];
    }),
  );
  return { headers, body: unquoted(lines.slice(end + 1).join('\n')) };
}

/** Quoted-printable undone; plain text passes unchanged as long as it has no `=XX`. */
function unquoted(text: string): string {
  const bytes = text
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
