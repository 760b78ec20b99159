/** Small files that come to much once they are read. */
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';

/** A Word document whose text is that many bytes of XML. `declared`: what its directory says of it, which may be a lie. */
export function wordBomb(unpackedBytes: number, { declared, paragraph = '<w:p/>' }: { declared?: number; paragraph?: string } = {}): Buffer {
  const xml = (text: string) => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${text}`);
  const head = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>';
  const document = xml(`${head}${paragraph.repeat(Math.ceil(unpackedBytes / paragraph.length))}</w:body></w:document>`);
  return zip([
    ['[Content_Types].xml', xml('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')],
    ['_rels/.rels', xml('<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')],
    ['word/document.xml', document, declared ?? document.length],
  ]);
}

function zip(files: ReadonlyArray<readonly [name: string, content: Buffer, declared?: number]>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content, declared = content.length] of files) {
    const packed = deflateRawSync(content, { level: 9 });
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(declared, 18);
    facts.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), facts, place, Buffer.from(name));
    parts.push(local);
    at += local.length;
  }
  const all = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(all.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, all, Buffer.from('PK\x05\x06'), end]);
}

/** A PDF of one page whose content is that many blanks behind a word, packed so often. `filters`: how the dictionary says so. */
export function pdfBomb(unpackedBytes: number, { times = 2, filters = `/Filter[${'/FlateDecode'.repeat(times)}]` }: { times?: number; filters?: string } = {}): Buffer {
  let content = Buffer.alloc(unpackedBytes, ' ');
  content.write('BT /F 12 Tf (Hello) Tj ET ');
  for (let time = 0; time < times; time++) content = deflateSync(content, { level: 9 });
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>',
    Buffer.concat([Buffer.from(`<</Length ${content.length}${filters}>>\nstream\n`), content, Buffer.from('\nendstream')]), '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>', '[/FlateDecode/FlateDecode]',
  ];
  const parts = [Buffer.from('%PDF-1.4\n')];
  const places: number[] = [];
  for (const [at, object] of objects.entries()) {
    places.push(parts.reduce((sum, { length }) => sum + length, 0));
    parts.push(Buffer.from(`${at + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n'));
  }
  const start = parts.reduce((sum, { length }) => sum + length, 0);
  const rows = places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF`));
  return Buffer.concat(parts);
}
