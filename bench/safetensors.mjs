/**
 * Reads the f32 tensors of a safetensors file; PyTorch's count of batches, an integer, is none of them. No library
 * in the tree reads this format: a header in JSON, and the numbers.
 */

/** @typedef {{ shape: number[], values: Float32Array<ArrayBuffer> }} Tensor */
/** @typedef {Record<string, Tensor>} Tensors */

/**
 * @param {ArrayBuffer} file
 * @returns {Tensors}
 */
export function readSafetensors(file) {
  const length = Number(new DataView(file).getBigUint64(0, true));
  /** @type {Record<string, { dtype: string, shape: number[], data_offsets: [number, number] }>} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([, { dtype }]) => dtype === 'F32')
      .map(([name, { shape, data_offsets }]) => {
        const [begin, end] = data_offsets.map((offset) => 8 + length + offset);
        // Copied: nothing promises that the numbers begin at a multiple of four.
        return [name, { shape, values: new Float32Array(file.slice(begin, end)) }];
      }),
  );
}
