/** Threads of a workgroup of all kernels on vectors. */
export const THREADS = 256;
/** Workgroups that add up one inner product: so many partial sums are read back. */
export const PARTIALS = 64;
/** Vectors that one dispatch of `combine` adds up. */
export const COMBINED = 4;
/** Side of the squares that `product` computes. */
export const TILE = 16;

const ELEMENTS = `
  let stride = groups.x * ${THREADS}u;
  for (var i = id.x; i < p.count; i += stride)`;
const ARGUMENTS = "@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u";

/** Σ weights · vectors, added to what `total` holds where `accumulate` is 1. */
const combine = `
struct Params { count: u32, accumulate: u32, spare: vec2u, weights: vec4f }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read> d: array<f32>;
@group(0) @binding(5) var<storage, read_write> total: array<f32>;
@compute @workgroup_size(${THREADS})
fn main(${ARGUMENTS}) {${ELEMENTS} {
    let sum = p.weights.x * a[i] + p.weights.y * b[i] + p.weights.z * c[i] + p.weights.w * d[i];
    total[i] = select(sum, total[i] + sum, p.accumulate == 1u);
  }
}`;

/** Partial sums of an inner product, one for each workgroup, from place `at` on. */
const dot = `
struct Params { count: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> found: array<f32>;
var<workgroup> sums: array<f32, ${THREADS}>;
@compute @workgroup_size(${THREADS})
fn main(${ARGUMENTS}, @builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = 0.0;${ELEMENTS} { sum += a[i] * b[i]; }
  sums[local] = sum;
  for (var reach = ${THREADS / 2}u; reach > 0u; reach /= 2u) {
    workgroupBarrier();
    if (local < reach) { sums[local] += sums[local + reach]; }
  }
  if (local == 0u) { found[p.at + group.x] = sums[0]; }
}`;

/** Products of matrices, row by row: total (rows×columns) of a (rows×inner) and b (inner×columns), for each z. */
const product = `
struct Params { rows: u32, inner: u32, columns: u32, accumulate: u32, of_a: u32, of_b: u32, spare: vec2u }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> total: array<f32>;
var<workgroup> left: array<f32, ${TILE * TILE}>;
var<workgroup> right: array<f32, ${TILE * TILE}>;
@compute @workgroup_size(${TILE}, ${TILE})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * ${TILE}u + local.y;
  let column = group.x * ${TILE}u + local.x;
  let place = local.y * ${TILE}u + local.x;
  var sum = 0.0;
  for (var first = 0u; first < p.inner; first += ${TILE}u) {
    left[place] = 0.0;
    right[place] = 0.0;
    if (row < p.rows && first + local.x < p.inner) {
      left[place] = a[group.z * p.of_a + row * p.inner + first + local.x];
    }
    if (column < p.columns && first + local.y < p.inner) {
      right[place] = b[group.z * p.of_b + (first + local.y) * p.columns + column];
    }
    workgroupBarrier();
    for (var k = 0u; k < ${TILE}u; k++) { sum += left[local.y * ${TILE}u + k] * right[k * ${TILE}u + local.x]; }
    workgroupBarrier();
  }
  if (row < p.rows && column < p.columns) {
    let out = group.z * p.rows * p.columns + row * p.columns + column;
    total[out] = select(sum, total[out] + sum, p.accumulate == 1u);
  }
}`;

/** Three planes as sums of three others; the rows of the matrix have a fourth number, which is not used. */
const mix = `
struct Params { count: u32, spare: vec3u, red: vec4f, green: vec4f, blue: vec4f }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> total: array<f32>;
@compute @workgroup_size(${THREADS})
fn main(${ARGUMENTS}) {${ELEMENTS} {
    let value = vec4f(a[i], a[p.count + i], a[2u * p.count + i], 0.0);
    total[i] = dot(p.red, value);
    total[p.count + i] = dot(p.green, value);
    total[2u * p.count + i] = dot(p.blue, value);
  }
}`;

/** The product of two vectors, number by number. */
const multiply = `
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> total: array<f32>;
@compute @workgroup_size(${THREADS})
fn main(${ARGUMENTS}) {${ELEMENTS} { total[i] = a[i] * b[i]; }
}`;

/** WGSL of the kernels. Their first binding is a uniform buffer with their numbers, the last one the result. */
export const SHADERS = { combine, dot, product, mix, multiply };
