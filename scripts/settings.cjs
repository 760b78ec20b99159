/**
 * Node-RED's settings for `npm start`, the end-to-end tests and the package check: on this machine only, no calls home.
 * Node-RED is started in its user folder.
 */
const { readFileSync } = require('node:fs');

// Node-RED must not outlive the script that started it, however that script ends.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

module.exports = {
  userDir: process.cwd(),
  flowFile: 'flows.json',
  credentialSecret: readFileSync('.secret', 'utf8'),
  uiHost: '127.0.0.1',
  // The scripts read the log.
  lang: 'en-US',
  telemetry: { enabled: false },
  // The palette manager fetches a catalogue from the network whenever the editor opens.
  externalModules: { palette: { allowInstall: false } },
  editorTheme: { tours: false },
  logging: { console: { level: 'info', metrics: false, audit: false } },
};
