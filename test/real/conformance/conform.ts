/** Runs the table of rows for one kind of real server: from before it starts until it is back after it was killed. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { answers } from './answers.ts';
import { counts } from './counts.ts';
import { killedRow, Life } from './life.ts';
import { load } from './load.ts';
import type { Plan } from './plan.ts';
import { refusals } from './refusals.ts';
import { Report } from './report.ts';
import { backendFor } from './subject.ts';

/** A row that waits for something that never comes says so, and the others have their turn. */
const rowTimeoutMs = 60_000;

const table = [...answers, ...counts, ...refusals, ...load];

export function conform(plan: Plan): void {
  describe(`Conformance with a real ${plan.name}`, { skip: plan.problem ?? false }, () => {
    const report = new Report();
    const life = new Life(plan);
    before(() => life.begin());
    after(async () => {
      await life.end();
      report.print(`${plan.name} ${life.version}`);
    });

    const row = (name: string, subject: string, run: (t: TestContext) => Promise<string | void>): void => {
      void it(`${subject}: ${name}`, { timeout: rowTimeoutMs }, async (t) => {
        const skipped = await report.keep(name, subject, () => run(t));
        if (skipped !== undefined) t.skip(skipped);
      });
    };

    for (const subject of plan.subjects) row('a server that is still loading', subject.name, async (t) => life.assertLoading(subject, t));
    for (const { name, run } of plan.ownRows) {
      row(name, plan.nodeType, async (t) => {
        const [subject = assert.fail()] = plan.subjects;
        return run({ t, subject, server: life.server, backend: backendFor(t, subject, life.server.url) });
      });
    }
    for (const { name, run } of table) {
      for (const subject of plan.subjects) {
        row(name, subject.name, async (t) => subject.cannot[name] ?? run({ t, subject, server: life.server, backend: backendFor(t, subject, life.server.url) }));
      }
    }
    for (const subject of plan.subjects) row(killedRow, subject.name, async () => subject.cannot[killedRow] ?? life.assertKilled(subject));
    for (const subject of plan.subjects) row('a server that is back after it was killed', subject.name, () => life.assertBack(subject));
    row('health goes down and up, and the status of the node follows', plan.nodeType, () => life.assertHealth());
  });
}
