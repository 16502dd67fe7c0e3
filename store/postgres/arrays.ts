/** Rows as arrays in PostgreSQL's binary form, one array a column: many rows in one statement, no quoting, no doubling of bytes. */

/** How a column travels; `bytes` also takes a string, as its UTF-8. */
export type Column = 'text' | 'bytes' | 'bigint' | 'boolean';
export type Cell = string | number | boolean | Uint8Array | null;

/** Type identifiers of pg_type. */
const OID: Readonly<Record<Column, number>> = { text: 25, bytes: 17, bigint: 20, boolean: 16 };
const HEADER = 20;

function cellSize(column: Column, cell: Cell): number {
  if (cell === null) return 0;
  switch (column) {
    case 'text':
    case 'bytes':
      return typeof cell === 'string' ? Buffer.byteLength(cell) : (cell as Uint8Array).byteLength;
    case 'bigint':
      return 8;
    case 'boolean':
      return 1;
  }
}

function writeInteger(buffer: Buffer, offset: number, value: number): void {
  buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), offset);
  buffer.writeUInt32BE(value >>> 0, offset + 4);
}

/** One column of the rows as the parameter for `$n::type[]`. Layout: array_recv in PostgreSQL's arrayfuncs.c. */
export function columnArray(column: Column, rows: readonly (readonly Cell[])[], index: number): Buffer {
  const sizes: number[] = new Array(rows.length);
  let total = HEADER;
  let nulls = false;
  for (let row = 0; row < rows.length; row++) {
    const cell = rows[row]?.[index] ?? null;
    const size = cellSize(column, cell);
    if (cell === null) nulls = true;
    sizes[row] = size;
    total += 4 + size;
  }
  const buffer = Buffer.allocUnsafe(total);
  buffer.writeInt32BE(rows.length === 0 ? 0 : 1, 0); // dimensions
  buffer.writeInt32BE(nulls ? 1 : 0, 4);
  buffer.writeInt32BE(OID[column], 8);
  if (rows.length === 0) return buffer.subarray(0, 12);
  buffer.writeInt32BE(rows.length, 12);
  buffer.writeInt32BE(1, 16); // lower bound
  let offset = HEADER;
  for (let row = 0; row < rows.length; row++) {
    const cell = rows[row]?.[index] ?? null;
    const size = sizes[row] as number;
    buffer.writeInt32BE(cell === null ? -1 : size, offset);
    offset += 4;
    if (typeof cell === 'string') buffer.write(cell, offset, size, 'utf8');
    else if (typeof cell === 'number') writeInteger(buffer, offset, cell);
    else if (typeof cell === 'boolean') buffer[offset] = cell ? 1 : 0;
    else if (cell !== null) buffer.set(cell, offset);
    offset += size;
  }
  return buffer;
}

/** Every column of the rows, in order. */
export const columnArrays = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): Buffer[] =>
  columns.map((column, index) => columnArray(column, rows, index));
