/** Fetch a file beside the page. Throws one sentence for a person where it cannot be had. */
export async function fetched(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Error("A part of the page could not be loaded: go online once, and reload.", { cause: error });
  }
  if (!response.ok) throw new Error(`A part of the page is missing (${url.split("/").at(-1) ?? url}): reload it.`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The same for a file that is stored compressed by gzip, so that a server without compression sends as little. */
export async function fetchedCompressed(url: string): Promise<ArrayBuffer> {
  const bytes = await fetched(url);
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b; // some servers decompress such files on their own
  if (!zipped) return bytes.slice().buffer;
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
