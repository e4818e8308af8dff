// Opens one sealed file of a Genesis DR repository with nothing but Node 24 or later:
//   node docs/decrypt.mjs KEYFILE data.tar.zst.sealed > data.tar.zst && tar --zstd -xf data.tar.zst
// KEYFILE holds the configured key: 64 hex digits, or a passphrase. The format is told in docs/reference/repository-format.md.
// Every chunk is checked before it is written. Exit code 1 means that what was written so far must not be used.
import { createDecipheriv, hkdfSync, scryptSync } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

const chunkBytes = 2 ** 20;
const tagBytes = 16;
const [keyFile, sealedFile] = process.argv.slice(2);

function fail(message) {
  console.error(`decrypt: ${message}`);
  process.exit(1);
}

function repositoryKey(text) {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  return scryptSync(text, 'genesis-repository-key-1', 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 });
}

function readExactly(fd, length, position) {
  const bytes = Buffer.alloc(length);
  for (let got = 0; got < length;) {
    const n = readSync(fd, bytes, got, length - got, position + got);
    if (n === 0) fail(`${sealedFile} ends too early`);
    got += n;
  }
  return bytes;
}

/** A pipe may take less than it is given, or ask to be tried again. */
function writeOut(bytes) {
  for (let put = 0; put < bytes.length;) {
    try {
      put += writeSync(1, bytes, put);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function openChunk(key, sealed, index, last) {
  // 7 zero bytes, a counter of 4, and 1 on the last chunk: order, absence and cutting break the seal.
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = last ? 1 : 0;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    fail(`chunk ${index} of ${sealedFile} was changed, moved or cut, or the key is another one`);
  }
  return plain;
}

if (sealedFile === undefined) fail('usage: node decrypt.mjs KEYFILE FILE.sealed > FILE');
const fd = openSync(sealedFile, 'r');
const size = fstatSync(fd).size;
const header = readExactly(fd, 40, 0);
if (header.toString('latin1', 0, 8) !== 'GENSEAL1') fail(`${sealedFile} is not a sealed file`);
const repository = repositoryKey(readFileSync(keyFile, 'utf8').trim());
const key = Buffer.from(hkdfSync('sha256', repository, header.subarray(8), 'genesis-stream-1', 32));
for (let at = 40, index = 0; ; index += 1) {
  const length = Math.min(chunkBytes + tagBytes, size - at);
  if (length < tagBytes) fail(`${sealedFile} was cut`);
  const last = at + length === size;
  writeOut(openChunk(key, readExactly(fd, length, at), index, last));
  at += length;
  if (last) break;
}
closeSync(fd);
