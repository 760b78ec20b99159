/** What an address says by itself: whether it is this machine, or a network that nobody bills for. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** RFC 1918, RFC 6598 (also used by VPNs), RFC 4193 and link-local addresses. */
const privateNetworks = new BlockList();
privateNetworks.addSubnet('10.0.0.0', 8);
privateNetworks.addSubnet('172.16.0.0', 12);
privateNetworks.addSubnet('192.168.0.0', 16);
privateNetworks.addSubnet('100.64.0.0', 10);
privateNetworks.addSubnet('169.254.0.0', 16);
privateNetworks.addSubnet('fc00::', 7, 'ipv6');
privateNetworks.addSubnet('fe80::', 10, 'ipv6');

const privateSuffixes = ['.local', '.lan', '.home', '.internal', '.localdomain', '.home.arpa'];

/** True for this machine itself. */
export function isLoopback(url: string): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host.endsWith('.localhost') || contains(loopback, host);
}

/** True for this machine, a private network, or a name that only a local network knows, such as a container's. */
export function isPrivate(url: string): boolean {
  const host = hostOf(url);
  if (isLoopback(url) || contains(privateNetworks, host)) return true;
  return isIP(host) === 0 && (!host.includes('.') || privateSuffixes.some((suffix) => host.endsWith(suffix)));
}

/** True for a domain and all below it. */
export function isWithin(url: string, domain: string): boolean {
  const host = hostOf(url);
  return host === domain || host.endsWith(`.${domain}`);
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
}

function contains(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
