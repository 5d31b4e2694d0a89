/** Answers the orders of the bench by name; ends the process when the bench is gone. */
export function answer(orders) {
  process.on('message', async (what) => {
    process.send({ what, value: await orders[what]() });
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ what: 'ready' });
}

/** Time that all processes of the machine share, in milliseconds. */
export const machineMs = () => Number(process.hrtime.bigint()) / 1e6;
