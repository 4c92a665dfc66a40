import { type Route, textAnswer } from "../route.ts";

/** `/ready`: whether requests can be served now. `notReady`: undefined = ready; else what is missing, in words. */
export function readyRoute(notReady: () => Promise<string | undefined>): Route {
  return {
    path: "/ready",
    open: true,
    answer: () =>
      notReady().then(
        (missing) => textAnswer(missing === undefined ? 200 : 503, `${missing ?? "OK"}\n`),
        () => textAnswer(503, "it could not be found out whether requests can be served\n"),
      ),
  };
}
