/** Serves the chat page and its files. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

const files: Readonly<Record<string, { name: string; type: string } | undefined>> = {
  '/chat': { name: 'page.html', type: 'text/html' },
  '/chat/page.css': { name: 'page.css', type: 'text/css' },
  '/chat/page.js': { name: 'page.js', type: 'text/javascript' },
  '/chat/icon.svg': { name: 'icon.svg', type: 'image/svg+xml' },
};

/** The page speaks to its own endpoint and to nobody else. */
const policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

export function isPage(path: string): boolean {
  return path === '/chat/' || files[path] !== undefined;
}

/** False where the path is none of the page's. */
export async function servePage(path: string, { method }: IncomingMessage, res: ServerResponse): Promise<boolean> {
  if (method !== 'GET') return false;
  if (path === '/chat/') {
    // The page finds its files and its API relative to its own address.
    res.writeHead(308, { location: '../chat' }).end();
    return true;
  }
  const file = files[path];
  if (!file) return false;
  const content = await readFile(new URL(`page/${file.name}`, import.meta.url));
  res.writeHead(200, {
    'content-type': `${file.type}; charset=utf-8`,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  });
  res.end(content);
  return true;
}
