import { renderToString } from "react-dom/server";
import { Users } from "./react-components.tsx";

/** The page as a server renders it. */
export const render = async (): Promise<string> => renderToString(<Users names={["rendered"]} />);
