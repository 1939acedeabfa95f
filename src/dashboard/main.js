/** The dashboard: of one member, or of the network of a devnet. */
import { startTheme } from "./theme.js";

startTheme();
const { start } = await import(`/dashboard/main-${document.body.dataset.kind}.js`);
await start();
