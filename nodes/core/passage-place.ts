/** What stands above a passage, in one line. Read by the runtime and by the chat page. */

/** `Manual › Valves › Closing`: the title and the headings, without the first heading where it is the title; what is empty is left out. */
export function placeOf(title: string, headings: readonly string[]): string {
  const below = headings[0] === title ? headings.slice(1) : headings;
  return [title, ...below].filter((part) => part !== '').join(' › ');
}
