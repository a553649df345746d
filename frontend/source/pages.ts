// What every page has: parts that update (htmx), live streams (its sse extension), and small courtesies.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import { askBeforehand } from "./confirm";
import { copyOnPress } from "./copy";
import { beginLater } from "./later";
import { tellBreaks } from "./live";
import { tellZone } from "./zone";

document.documentElement.classList.add("scripted");
tellZone();
askBeforehand();
copyOnPress();
tellBreaks();
beginLater();
