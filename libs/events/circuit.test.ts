import { describe, expect, it } from '@jest/globals';
import { Circuit } from './circuit.js';

const circuit = (): Circuit =>
  new Circuit(
    () => 1,
    () => new Date(0),
  );

describe('the circuit', () => {
  it('lets everything through while closed, nothing while open, one probe when the pause is over', () => {
    const c = circuit();
    expect(c.admits(0, 10)).toBe(Infinity);
    expect(c.trip('temporal', 0)).toBe(true);
    expect(c.status()).toEqual({ state: 'open', dependency: 'temporal', since: new Date(0) });
    expect(c.admits(999, 0)).toBe(0);
    expect(c.probeInMs(400)).toBe(600);
    expect(c.admits(1_000, 3)).toBe(0); // Rows of before the outage are still held: their outcome is the probe.
    expect(c.admits(1_000, 0)).toBe(1);
    expect(c.status().state).toBe('half-open');
  });

  it('closes when the probe gets through', () => {
    const c = circuit();
    c.trip('temporal', 0);
    expect(c.passed()).toBe(false); // A row that was in flight when it opened proves nothing.
    c.admits(1_000, 0);
    expect(c.passed()).toBe(true);
    expect(c.status()).toEqual({ state: 'closed' });
    expect(c.admits(1_000, 50)).toBe(Infinity);
  });

  it('doubles its pause up to 30 s while probes fail, counts one outage once, and starts over after it', () => {
    const c = circuit();
    const pauses: number[] = [];
    let now = 0;
    for (let probe = 0; probe < 7; probe++) {
      expect(c.trip('temporal', now)).toBe(probe === 0);
      expect(c.trip('temporal', now)).toBe(false);
      const pause = c.probeInMs(now);
      pauses.push(pause);
      now += pause;
      expect(c.admits(now, 0)).toBe(1);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    c.passed();
    c.trip('temporal', now);
    expect(c.probeInMs(now)).toBe(1_000);
  });
});
