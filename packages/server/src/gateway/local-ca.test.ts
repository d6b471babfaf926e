import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock, systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { openLocalCa, USUAL_NAMES } from './local-ca.ts';

const DAY_MS = 86_400_000;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'local-ca-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const open = (clock = systemClock, where = directory) => openLocalCa({ directory: where, clock, random: systemRandom });
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('the files', () => {
  test('are made once, the key for the owner alone', () => {
    const first = open();
    expect(open().certificate).toBe(first.certificate);
    expect(readFileSync(first.certificatePath, 'utf8')).toBe(first.certificate);
    expect(statSync(join(directory, 'local-ca.key')).mode & 0o777).toBe(0o600);
  });

  test('that do not fit are told of; a certificate that is lost or ends soon is made anew with the same key', () => {
    const own = mkdtempSync(join(directory, 'own-'));
    const clock = new FakeClock();
    const first = open(clock, own);
    clock.jump(3_600 * DAY_MS);
    const second = open(clock, own);
    expect(second.certificate).not.toBe(first.certificate);
    const publicKeyOf = (pem: string) => new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' });
    expect(publicKeyOf(second.certificate)).toBe(publicKeyOf(first.certificate));
    writeFileSync(second.certificatePath, 'nonsense');
    expect(publicKeyOf(open(clock, own).certificate)).toBe(publicKeyOf(first.certificate));
    writeFileSync(join(own, 'local-ca.key'), 'nonsense');
    expect(() => open(clock, own)).toThrow('is not the key of a local CA');
  });
});

describe('a server certificate', () => {
  test('is signed by the authority, holds for its names, and is no authority itself', () => {
    const ca = open();
    const authority = new X509Certificate(ca.certificate);
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    const leaf = new X509Certificate(ca.tls([...USUAL_NAMES, 'fe80::1:2']).cert);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    for (const host of ['localhost', 's3.amazonaws.com', 'ec2.us-east-1.amazonaws.com', 'b.s3.amazonaws.com']) {
      expect(leaf.checkHost(host)).toBeDefined();
    }
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2']) expect(leaf.checkIP(address)).toBe(address);
    expect(leaf.checkHost('example.com')).toBeUndefined();
  });

  test.skipIf(!hasOpenssl)('is good in the eyes of openssl', () => {
    const ca = open();
    const leafPath = join(directory, 'leaf.pem');
    writeFileSync(leafPath, ca.tls(USUAL_NAMES).cert);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', ca.certificatePath];
    const said = execFileSync('openssl', [...verify, '-verify_hostname', 's3.amazonaws.com', leafPath], {
      encoding: 'utf8',
    });
    expect(said).toContain('OK');
    const text = execFileSync('openssl', ['x509', '-in', leafPath, '-noout', '-text'], { encoding: 'utf8' });
    for (const part of [
      'CA:FALSE',
      'Digital Signature',
      'TLS Web Server Authentication',
      'DNS:*.amazonaws.com',
      'IP Address:127.0.0.1',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('after 2049 has its time in four digits', () => {
    const own = mkdtempSync(join(directory, 'far-'));
    const ca = open(new FakeClock(Date.UTC(2049, 11, 1)), own);
    expect(new X509Certificate(ca.certificate).validTo).toMatch(/2059/);
  });
});

describe('clients that trust the authority', () => {
  const answering = async () => {
    const ca = open();
    const server = createServer({ ...ca.tls(USUAL_NAMES) }, (_req, res) => res.end('hello'));
    await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
    return { ca, server, port: (server.address() as AddressInfo).port };
  };

  test('reach it by any name that they ask for, and by address', async () => {
    const { ca, server, port } = await answering();
    for (const host of ['bucket.s3.eu-west-1.amazonaws.com', 'Gateway.Example', 'localhost', '127.0.0.1']) {
      const names = host === '127.0.0.1' ? { host } : { host: '127.0.0.1', servername: host };
      const socket = connect({ ...names, port, ca: ca.certificate });
      await new Promise<void>((fulfil, reject) => socket.once('secureConnect', fulfil).once('error', reject));
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
    const odd = connect({
      host: '127.0.0.1',
      servername: 'a..b',
      port,
      ca: ca.certificate,
      checkServerIdentity: () => undefined,
    });
    await new Promise<void>((fulfil, reject) => odd.once('secureConnect', fulfil).once('error', reject));
    odd.destroy();
    server.close();
  });
});
