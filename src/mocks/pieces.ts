/** `text` in `count` about equal pieces, none empty unless the text is; fewer when it is shorter. No character is cut in two. */
export function pieces(text: string, count: number): readonly string[] {
  const wanted = Math.max(1, Math.min(count, text.length));
  const parts: string[] = [];
  let start = 0;
  for (let index = 1; index <= wanted; index++) {
    let end = Math.floor((index * text.length) / wanted);
    if ((text.codePointAt(end - 1) ?? 0) > 0xffff) end++;
    if (end > start || text === "") parts.push(text.slice(start, end));
    start = Math.max(start, end);
  }
  return parts;
}
