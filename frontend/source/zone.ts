// No browser sends its time zone, so we tell it: every time on a page is written by the server in the reader's zone.
const COOKIE = "gristmill_zone";

export function tellZone(): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = `${COOKIE}=${zone}`;
  if (document.cookie.split("; ").includes(told)) return;
  document.cookie = `${told}; path=/; max-age=31536000; samesite=lax`;
}
