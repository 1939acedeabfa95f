import { connect } from "node:tls";
import type { HostPort } from "../lib/host-port.ts";
import { isAlert } from "./tls-fault.ts";

const TLS_TRIAL_MS = 1_000;

/** Whether a TLS handshake gets anywhere there, whatever certificate is shown or asked for. */
export function speaksTls({ host, port }: HostPort, done: (isTls: boolean) => void): void {
  const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  const end = (isTls: boolean): void => {
    clearTimeout(timer);
    socket.destroy();
    done(isTls);
    done = () => {};
  };
  const timer = setTimeout(() => end(false), TLS_TRIAL_MS);
  socket.once("secureConnect", () => end(true));
  // Who refuses us by an alert speaks TLS as well.
  socket.on("error", (error) => end(isAlert(error)));
  socket.once("close", () => end(false));
}
