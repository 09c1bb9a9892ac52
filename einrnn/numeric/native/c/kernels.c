/* What programs of one type of numbers have in common, built once. */
const struct kernels kernels = {product, product_packed, pack_whole, pack_strips, matvec, matvec_packed};
