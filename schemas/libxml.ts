/**
 * The few calls of libxml2 that the hot path needs, below the library's classes: errors are collected up to a limit
 * (the library collects all of them, each with a path that costs a walk over its siblings) and every document is
 * freed before the call returns.
 */
import {
  ParseOption,
  XmlDocument,
  XsdValidator,
  xmlCleanupInputProvider,
  xmlRegisterInputProvider,
} from 'libxml2-wasm';
import * as library from 'libxml2-wasm/lib/libxml2.mjs';

export interface XmlComplaint {
  readonly message: string;
  readonly line: number;
  /** As libxml2 writes it, `*` standing for an element in a default namespace: `/*` + `/*[2]`. */
  readonly path: string | undefined;
}

/** A compiled schema; lives until it is disposed. */
export interface CompiledSchema {
  readonly pointer: number;
  dispose(): void;
}

export type XmlVerdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'ill-formed'; readonly complaints: readonly XmlComplaint[] }
  | { readonly kind: 'doctype' }
  | { readonly kind: 'invalid'; readonly complaints: readonly XmlComplaint[] };

const COMPLAINTS_MAX = 10;
const LEVEL_ERROR = 2;
const OPTIONS =
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_COMPACT |
  ParseOption.XML_PARSE_IGNORE_ENC |
  ParseOption.XML_PARSE_BIG_LINES |
  ParseOption.XML_PARSE_SKIP_IDS |
  ParseOption.XML_PARSE_NO_SYS_CATALOG;

// `addFunction` and the pointers are there at run time but left out of the published types; the version is pinned.
const { addFunction } = library as unknown as {
  addFunction(call: (data: number, error: number) => void, signature: string): number;
};
const pointerOf = (object: object): number => (object as { _ptr: number })._ptr;

// libxml2 runs to its end within one call, so one list serves one call at a time.
let complaints: XmlComplaint[] = [];
const collect = addFunction((_data, error) => {
  if (complaints.length >= COMPLAINTS_MAX || library.XmlErrorStruct.level(error) < LEVEL_ERROR) return;
  complaints.push({
    message: library.XmlErrorStruct.message(error),
    line: library.XmlErrorStruct.line(error),
    path: library.xmlGetNodePath(library.XmlErrorStruct.node(error)) ?? undefined,
  });
}, 'vii');

/** Parses and, where there is a schema, validates. The bytes must be UTF-8 without a byte order mark. */
export function judgeXml(bytes: Uint8Array, schema: CompiledSchema | undefined): XmlVerdict {
  complaints = [];
  const parser = library.xmlNewParserCtxt();
  let document = 0;
  try {
    library.xmlCtxtSetErrorHandler(parser, collect as never, 0);
    document = library.xmlReadMemory(parser, bytes, null, null, OPTIONS);
    if (document === 0 || complaints.length > 0) return { kind: 'ill-formed', complaints };
    if (library.xmlGetIntSubset(document) !== 0) return { kind: 'doctype' };
    return schema ? validate(document, schema) : { kind: 'good' };
  } finally {
    if (document !== 0) library.xmlFreeDoc(document);
    library.xmlFreeParserCtxt(parser);
  }
}

function validate(document: number, schema: CompiledSchema): XmlVerdict {
  const context = library.xmlSchemaNewValidCtxt(schema.pointer);
  try {
    library.xmlSchemaSetValidStructuredErrors(context, collect as never, 0);
    const result = library.xmlSchemaValidateDoc(context, document);
    if (result < 0) throw new Error('libxml2 could not run the validation');
    return result === 0 ? { kind: 'good' } : { kind: 'invalid', complaints };
  } finally {
    library.xmlSchemaFreeValidCtxt(context);
  }
}

/** Reads what a schema includes or imports, by the address that `url` and its own `schemaLocation` make. */
export type SchemaSource = (url: string) => Uint8Array | undefined;

/** Compiles a schema. What it includes comes from `source` alone: neither disk nor network is reached otherwise. */
export function compileSchema(url: string, source: SchemaSource): CompiledSchema {
  const main = source(url);
  if (!main) throw new Error(`there is no schema at ${url}`);
  const open = new Map<number, { readonly bytes: Uint8Array; offset: number }>();
  let handles = 0;
  xmlRegisterInputProvider({
    match: (address) => source(address) !== undefined,
    open(address) {
      const bytes = source(address);
      if (bytes) open.set(++handles, { bytes, offset: 0 });
      return bytes && handles;
    },
    read(handle, into) {
      const file = open.get(handle);
      if (!file) return -1;
      const part = file.bytes.subarray(file.offset, file.offset + into.byteLength);
      into.set(part);
      file.offset += part.length;
      return part.length;
    },
    close: (handle) => open.delete(handle),
  });
  const text = XmlDocument.fromBuffer(main, {
    url,
    option: ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE,
  });
  try {
    const validator = XsdValidator.fromDoc(text);
    return {
      pointer: pointerOf(validator),
      dispose() {
        validator.dispose();
        text.dispose();
      },
    };
  } catch (cause) {
    text.dispose();
    throw new Error(`the schema ${url} does not compile`, { cause });
  } finally {
    xmlCleanupInputProvider();
  }
}
