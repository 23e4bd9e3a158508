// `npm run bench:draw`: writes the figures of recorded.json into README.md, docs/benchmarks.md and the plots.
import { draw } from "./report/papers.ts";
import { readRecord } from "./report/record.ts";

draw(readRecord());
