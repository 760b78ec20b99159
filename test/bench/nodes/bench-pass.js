/** A node that passes messages on: what a hop in Node-RED costs. */
export default function register(RED) {
  RED.nodes.registerType('bench-pass', function construct(config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      send(msg);
      done();
    });
  });
}
