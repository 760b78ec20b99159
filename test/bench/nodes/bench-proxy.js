/** A bare proxy as a route of Node-RED's HTTP port: what is left of a gateway's speed there. */
import { forwardTo } from '../gateway/forward.ts';

export default function register(RED) {
  RED.nodes.registerType('bench-proxy', function construct(config) {
    RED.nodes.createNode(this, config);
    const forward = forwardTo(config.provider, config.prefix);
    RED.httpNode.post(config.path, (req, res) => forward(req.body, res));
  });
}
