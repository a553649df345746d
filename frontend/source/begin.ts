// What a page needs at once: its scripted form, the question before a deed, the reader's zone. All else comes later.
import { askBeforehand } from "./confirm";
import { beginLater } from "./later";
import { tellZone } from "./zone";

document.documentElement.classList.add("scripted");
askBeforehand();
tellZone();
beginLater();
