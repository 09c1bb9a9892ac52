/* The kernels are in a library of their own, which the caller has loaded. */
static const struct kernels *kernels;
void use(const struct kernels *loaded) { kernels = loaded; }
#define product kernels->product
#define product_packed kernels->product_packed
#define pack_whole kernels->pack_whole
#define pack_strips kernels->pack_strips
#define matvec kernels->matvec
#define matvec_packed kernels->matvec_packed
