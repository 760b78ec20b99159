/** Whether anybody listens at an address of this machine. */
import { connect } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A connection to this machine is there at once or never; one that hangs is a sign of somebody. */
const answerWithinMs = 1_000;

export function isListening({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerWithinMs, () => settle(true));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
