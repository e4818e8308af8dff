/** A text as one YAML scalar: plain where nobody could read it as something else, else in double quotes (JSON is YAML). */
export function yamlText(text: string): string {
  return /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** A text that can stand in a comment or plain line: control characters would end it. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ');
}
