/** Processor time of this process, ms: how long something takes, whatever else a machine has to do meanwhile. */
export const cpuMs = (): number => process.cpuUsage().user / 1000;
