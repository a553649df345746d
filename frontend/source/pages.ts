// What every page has once it was painted: parts that update (htmx), live streams (its sse extension), and copying.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import { copyOnPress } from "./copy";
import { tellBreaks } from "./live";

copyOnPress();
tellBreaks();
