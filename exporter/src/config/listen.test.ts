import { isLoopback, parseListen } from './listen.ts';

it.each([
  ['127.0.0.1:9847', { host: '127.0.0.1', port: 9847 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['127.0.0.1', null],
  [':80', null],
  ['::1:80', null],
  ['[1.2.3.4]:80', null],
  ['1.2.3.400:80', null],
  ['h:65536', null],
  ['http://h:80', null],
])('reads %s', (text, address) => {
  expect(parseListen(text)).toEqual(address);
});

it.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['LOCALHOST', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.1', false],
  ['localhost.example.org', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
