/** Whether a request comes from a page of another web site, which a browser sends wherever the page likes (WHATWG Fetch, W3C Fetch Metadata). */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isPrivate } from './addresses.ts';

/**
 * True for a request that a page of another origin sends. Only browsers say where a request comes from: a client that says nothing is none
 * of them, and cannot be made to ask by a page.
 */
export function isCrossOrigin({ headers, method }: { readonly headers: IncomingHttpHeaders; readonly method?: string | undefined }): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  // No page can set it, and no proxy on the way changes what it says.
  if (site === 'same-origin' || site === 'none') return false;
  if (origin !== undefined) return !isOwn(origin, headers);
  // To look at an address is what every link does; the page behind it reads nothing.
  return site !== undefined && method !== 'GET' && method !== 'HEAD';
}

/**
 * True where a browser asks by a name that may be anybody's: a page that has made its own name lead here asks as if it were ours (DNS
 * rebinding). An address by its numbers cannot be led elsewhere, nor a name that only this machine or its network knows; under https the
 * certificate of ours would not be the page's. `known` are origins that are trusted besides.
 */
export function isForeignHost(headers: IncomingHttpHeaders, known: readonly string[]): boolean {
  const { origin, host = '' } = headers;
  if (origin === undefined && headers['sec-fetch-site'] === undefined) return false;
  if (origin !== undefined && /^https:/i.test(origin)) return false;
  const name = nameIn(`http://${host}`);
  if (name === undefined) return true;
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || isPrivate(`http://${name}`) || name === hostname().toLowerCase()) return false;
  return !known.some((trusted) => nameIn(trusted) === name);
}

/** A proxy may give its own name for ours, and ours beside it; a page of another origin cannot set that header. */
function isOwn(origin: string, { host, 'x-forwarded-host': forwarded }: IncomingHttpHeaders): boolean {
  const asked = hostIn(origin);
  const [first] = String(forwarded ?? '').split(',');
  return asked !== undefined && [host, first?.trim()].some((own) => own !== undefined && own !== '' && hostIn(`${new URL(origin).protocol}//${own}`) === asked);
}

/** With the port, where it is not the usual one. */
function hostIn(url: string): string | undefined {
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url).host : undefined;
}

function nameIn(url: string): string | undefined {
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : undefined;
}
