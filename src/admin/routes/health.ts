import { type Route, textAnswer } from "../route.ts";

/** `/health`: alive, whatever is missing. */
export const healthRoute: Route = {
  path: "/health",
  open: true,
  answer: async () => textAnswer(200, "OK\n"),
};
