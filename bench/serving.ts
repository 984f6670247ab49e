/**
 * Serving under load: `sealserve serve`'s ports over TLS 1.3 in one process, the requests from another, on the same cores.
 * `npm run bench:serving`, or with the names of figures: small, image, rest-small, rest-image, residual, loading, batching.
 * Where h2load is installed (Debian: nghttp2-client), figures of small gRPC calls and images are taken with it as well.
 */
import { runFigures } from "./run-figures.ts";
import { batching } from "./serving/batching.ts";
import { loading } from "./serving/loading.ts";
import { requests } from "./serving/requests.ts";
import { residual } from "./serving/residual.ts";

await runFigures({ ...requests, residual, loading, batching });
