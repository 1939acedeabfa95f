import type { HostPort } from "../lib/host-port.ts";
import { isAlert } from "./tls-fault.ts";
import { connectTls } from "./tls-peer.ts";

const TLS_TRIAL_MS = 1_000;

/** Whether a TLS handshake gets anywhere there, whatever certificate is shown or asked for. */
export function speaksTls({ host, port }: HostPort, done: (isTls: boolean) => void): void {
  const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  const end = (isTls: boolean): void => {
    clearTimeout(timer);
    // Cut short, a handshake would be an error in the log of a Fabric peer.
    if (isTls) socket.unref().end();
    else socket.destroy();
    done(isTls);
    done = () => {};
  };
  const timer = setTimeout(() => end(false), TLS_TRIAL_MS);
  socket.once("secureConnect", () => end(true));
  // Who refuses us by an alert speaks TLS as well.
  socket.on("error", (error) => end(isAlert(error)));
  socket.once("close", () => end(false));
}
