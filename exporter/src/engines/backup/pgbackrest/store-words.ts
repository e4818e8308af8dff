/** What pgBackRest says of an object store that does not serve it. */

const kinds: readonly { readonly said: RegExp; readonly means: string }[] = [
  // Called a CryptoError, as a wrong passphrase is.
  {
    said: /unable to verify certificate|certificate .* does not match|unable to find hostname .* in certificate/,
    means: 'its certificate is not accepted (remote: ca_file)',
  },
  { said: /HTTP request failed with 40[13]\b/, means: 'it refuses the credentials, or what they may do is not enough' },
  { said: /HTTP request failed with 404\b/, means: 'it has no such bucket or container' },
  { said: /HTTP request failed with 5\d\d\b/, means: 'it is not able to answer' },
  {
    said: /HostConnectError|unable to connect to|unable to get address for|timeout (?:after|waiting)/,
    means: 'it cannot be reached',
  },
];

/** What the store lacks, in words; null: the text is not about a store. */
export function storeProblem(text: string): string | null {
  return kinds.find(({ said }) => said.test(text))?.means ?? null;
}
