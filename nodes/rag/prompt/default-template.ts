/** The prompt that a node has where nobody has written another. Read by the runtime and by the editor. */

/** Short and plain, for small local models, with the question last. Without passages it leads to the answer that they do not tell. */
export const defaultTemplate = `Answer the question with the passages below and nothing else. Name the passages that you use by their numbers in brackets, like [1] or [2]. If they do not hold the answer, say that you do not know.

Passages:

{{context}}{{^hasContext}}(none){{/hasContext}}

Question: {{question}}
`;
