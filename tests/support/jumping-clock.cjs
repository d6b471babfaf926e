/** Preloaded into a server under test: its wall clock is off by as many milliseconds as the file says. */
const { readFileSync } = require('node:fs');

const machineNow = Date.now;
let offsetMs = 0;
const look = () => {
  offsetMs = Number(readFileSync(process.env.OPENTRAIL_TEST_CLOCK, 'utf8')) || 0;
};
look();
setInterval(look, 10).unref();
Date.now = () => machineNow() + offsetMs;
