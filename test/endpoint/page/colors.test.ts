/** Everything on the chat page can be read: WCAG AA, in light and dark. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

const css = await readFile(new URL('../../../nodes/endpoint/page/base.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body = '']) => body);
const themes = { light: colorsOf(light), dark: { ...colorsOf(light), ...colorsOf(dark) } };

/** Text on what may stand behind it. */
const texts: Record<string, string[]> = {
  ink: ['page', 'raised', 'soft', 'tint', 'wrong-tint'],
  quiet: ['page', 'raised', 'soft'],
  accent: ['page', 'soft'],
  'on-accent': ['accent'],
  wrong: ['wrong-tint'],
};

/** What must be told apart from the page, but not read: borders of fields, the ring of the focus. */
const shapes: Record<string, string[]> = { edge: ['page', 'raised'], accent: ['page', 'raised'], wrong: ['page', 'raised'] };

describe('the colors of the chat page', () => {
  for (const [theme, colors] of Object.entries(themes)) {
    it(`can be read in ${theme}`, () => check(colors, texts, 4.5));
    it(`show fields and focus in ${theme}`, () => check(colors, shapes, 3));
  }
});

function check(colors: Record<string, string>, pairs: Record<string, string[]>, least: number): void {
  for (const [front, backs] of Object.entries(pairs)) {
    for (const back of backs) {
      const ratio = contrast(colors[front] ?? '', colors[back] ?? '');
      assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}`);
    }
  }
}

function colorsOf(body: string): Record<string, string> {
  return Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [name, color]));
}

function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
