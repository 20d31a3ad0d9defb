/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* oneDNN's batch-reduce matrix kernels: C += A * B on blocks that lie in the caches. */

#include "compute/brgemm.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_ukernel.h>
#include <string.h>

#include "base/bf16.h"
#include "kernels/kernels.h"

#define ROW_STEP 8
#define DEPTH_STEP 32
#define COLUMN_STEP 32
#define N_ROWS 4
#define N_COLUMNS (L4_BLOCK_COLUMNS / COLUMN_STEP)
#define N_DEPTHS (L4_BLOCK_DEPTH / DEPTH_STEP)

/* A kernel; brgemm NULL: oneDNN has none for it. Immutable once published. */
typedef struct
{
  dnnl_brgemm_t brgemm;
  gsize scratch;                /* bytes that one call needs */
} Kernel;

/* The kernel that this thread's matrix units are set up for: setting them up takes longer than a call. */
static _Thread_local const Kernel *ready;

struct _L4Brgemm
{
  gboolean bf16, matrix_units;
  GMutex lock;
  Kernel *kernels[L4_N_BLOCK_KINDS][N_ROWS][N_COLUMNS][N_DEPTHS];       /* published atomically */
};

/* oneDNN's name for what L4_CPU forces; the process's first use of oneDNN decides. */
static void
limit_instructions (const char *name)
{
  static const struct
  {
    const char *name;
    dnnl_cpu_isa_t isa;
  } limits[] = {
    {"baseline", dnnl_cpu_isa_sse41}, {"avx2", dnnl_cpu_isa_avx2}, {"avxvnni", dnnl_cpu_isa_avx2_vnni},
    {"avx512", dnnl_cpu_isa_avx512_core}, {"vnni", dnnl_cpu_isa_avx512_core_vnni}, {"bf16", dnnl_cpu_isa_avx512_core_bf16},
  };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    if (g_str_equal (limits[i].name, name))
      dnnl_set_max_cpu_isa (limits[i].isa);
}

L4Brgemm *
l4_brgemm_new (void)
{
  L4Brgemm *self = g_new0 (L4Brgemm, 1);
  dnnl_cpu_isa_t isa;

  g_mutex_init (&self->lock);
  if (g_getenv ("L4_CPU") != NULL)
    limit_instructions (l4_kernels ()->name);
  isa = dnnl_get_effective_cpu_isa ();
  self->bf16 = (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  self->matrix_units = (isa & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
  return self;
}

void
l4_brgemm_free (L4Brgemm *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < L4_N_BLOCK_KINDS * N_ROWS * N_COLUMNS * N_DEPTHS; i++) {
    Kernel *kernel = (&self->kernels[0][0][0][0])[i];

    if (kernel != NULL && kernel->brgemm != NULL)
      dnnl_brgemm_destroy (kernel->brgemm);
    g_free (kernel);
  }
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
l4_brgemm_has_bf16 (const L4Brgemm *self)
{
  return self->bf16;
}

/* Whether the kernel takes B as L4BlockKind says. */
static gboolean
takes_layout (dnnl_brgemm_t brgemm, L4BlockKind kind)
{
  dnnl_pack_type_t pack = dnnl_pack_type_undef;

#if DNNL_VERSION_MAJOR * 100 + DNNL_VERSION_MINOR >= 308
  dnnl_data_type_t type = kind == L4_BLOCK_BF16 ? dnnl_bf16 : dnnl_f32;

  if (dnnl_brgemm_get_B_pack_type (&pack, type, type) != dnnl_success)
    return FALSE;
#else
  if (dnnl_brgemm_get_B_pack_type (brgemm, &pack) != dnnl_success)
    return FALSE;
#endif
  return pack == (kind == L4_BLOCK_BF16 ? dnnl_pack_type_pack32 : dnnl_pack_type_no_trans);
}

static Kernel *
kernel_new (const L4Brgemm *self, L4BlockKind kind, guint rows, guint columns, guint depth)
{
  dnnl_data_type_t type = kind == L4_BLOCK_BF16 ? dnnl_bf16 : dnnl_f32;
  Kernel *kernel = g_new0 (Kernel, 1);

  if (kind == L4_BLOCK_BF16 && !self->bf16)
    return kernel;
  if (dnnl_brgemm_create (&kernel->brgemm, rows, columns, depth, 1, depth, L4_BLOCK_COLUMNS, L4_BLOCK_COLUMNS, type,
          type, dnnl_f32) != dnnl_success) {
    kernel->brgemm = NULL;
    return kernel;
  }
  if (dnnl_brgemm_set_add_C (kernel->brgemm, 1) != dnnl_success || dnnl_brgemm_finalize (kernel->brgemm) != dnnl_success
      || !takes_layout (kernel->brgemm, kind)
      || dnnl_brgemm_get_scratchpad_size (kernel->brgemm, &kernel->scratch) != dnnl_success
      || dnnl_brgemm_generate (kernel->brgemm) != dnnl_success)
    g_clear_pointer (&kernel->brgemm, dnnl_brgemm_destroy);
  return kernel;
}

static const Kernel *
find_kernel (L4Brgemm *self, L4BlockKind kind, guint rows, guint columns, guint depth)
{
  Kernel **place = &self->kernels[kind][rows / ROW_STEP - 1][columns / COLUMN_STEP - 1][depth / DEPTH_STEP - 1];
  Kernel *kernel = g_atomic_pointer_get (place);

  if (kernel != NULL)
    return kernel;
  g_mutex_lock (&self->lock);
  kernel = *place;
  if (kernel == NULL) {
    kernel = kernel_new (self, kind, rows, columns, depth);
    g_atomic_pointer_set (place, kernel);
  }
  g_mutex_unlock (&self->lock);
  return kernel;
}

static void
add_plainly (L4BlockKind kind, guint rows, guint columns, guint depth, const void *a, const void *b, float *c)
{
  for (guint m = 0; m < rows; m++, c += L4_BLOCK_COLUMNS)
    for (guint k = 0; k < depth; k++) {
      if (kind == L4_BLOCK_F32) {
        const float *row = (const float *) b + k * L4_BLOCK_COLUMNS;
        float factor = ((const float *) a)[m * depth + k];

        for (guint n = 0; n < columns; n++)
          c[n] += factor * row[n];
      } else {
        const guint16 *row = (const guint16 *) b + k / 2 * 2 * L4_BLOCK_COLUMNS + k % 2;
        float factor = l4_bf16_to_float (((const guint16 *) a)[m * depth + k]);

        for (guint n = 0; n < columns; n++)
          c[n] += factor * l4_bf16_to_float (row[2 * n]);
      }
    }
}

static gboolean
get_ready (const L4Brgemm *self, const Kernel *kernel)
{
  if (self->matrix_units && ready != kernel)
    ready = dnnl_brgemm_set_hw_context (kernel->brgemm) == dnnl_success ? kernel : NULL;
  return !self->matrix_units || ready == kernel;
}

void
l4_brgemm_add (L4Brgemm *self, L4BlockKind kind, guint rows, guint columns, guint depth, const void *a, const void *b, float *c)
{
  static const dnnl_dim_t offsets[2] = { 0, 0 };
  static _Thread_local guint8 scratch[8192] __attribute__ ((aligned (64)));
  const Kernel *kernel = find_kernel (self, kind, rows, columns, depth);

  if (kernel->brgemm == NULL || kernel->scratch > sizeof scratch || !get_ready (self, kernel)
      || dnnl_brgemm_execute (kernel->brgemm, a, b, offsets, c, scratch) != dnnl_success)
    add_plainly (kind, rows, columns, depth, a, b, c);
}

void
l4_brgemm_rest (L4Brgemm *self)
{
  if (self->matrix_units)
    dnnl_brgemm_release_hw_context ();
  ready = NULL;
}
