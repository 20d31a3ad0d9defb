/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Panels of every type on every instruction set against the plain dequantiser. */

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bf16.h"
#include "kernels/kernels.h"
#include "support/blocks.h"

static const char *const names[] = { "baseline", "avx2", "avx512", "vnni", "amx" };

/* A panel of random weights at the end of a page, with a page behind it that nobody may touch. */
typedef struct
{
  L4Type type;
  gsize n;                      /* elements a row */
  guint n_rows;
  float *weights;               /* [16, n], missing rows 0 */
  guint8 *pages, *panel;
  gsize bytes, mapped;
} Panel;

static void
panel_init (Panel *self, GRand *random, L4Type type, gsize n, guint n_rows)
{
  const L4TypeInfo *info = l4_type_info (type);
  gsize page = sysconf (_SC_PAGESIZE), row_bytes = n / info->block_elements * info->block_bytes;
  g_autofree guint8 *rows = blocks_random (random, type, n * n_rows);

  *self = (Panel) {.type = type,.n = n,.n_rows = n_rows,.weights = g_new0 (float, 16 * n),.bytes = l4_panel_bytes (type, n) };
  self->mapped = (self->bytes + page - 1) / page * page;
  self->pages = mmap (NULL, self->mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->pages != MAP_FAILED);
  g_assert_cmpint (mprotect (self->pages + self->mapped, page, PROT_NONE), ==, 0);
  self->panel = self->pages + self->mapped - self->bytes;
  memset (self->panel, 0xff, self->bytes);
  l4_panel_pack (type, rows, row_bytes, row_bytes, n_rows, self->panel);
  for (guint r = 0; r < n_rows; r++)
    l4_type_to_float (type, rows + r * row_bytes, n, self->weights + r * n);
}

static void
panel_clear (Panel *self)
{
  munmap (self->pages, self->mapped + sysconf (_SC_PAGESIZE));
  g_free (self->weights);
}

static gsize
block_of (L4Type type)
{
  return l4_type_info (type)->block_elements;
}

static void
check_conversions (const L4PanelKernels *kernels, const Panel *panel)
{
  gsize count = (panel->n + 31) / 32 * 32;
  g_autofree float *floats = g_new (float, count * 64);
  g_autofree guint16 *halves = g_new (guint16, count * 64);

  for (gsize first = 0; first < count; first += 32) {
    gsize some = MIN (64, count - first);

    kernels->to_floats (panel->panel, panel->n, first, some, floats, 64);
    kernels->to_bf16 (panel->panel, panel->n, first, some, halves, 128);
    for (gsize k = 0; k < some; k++)
      for (guint r = 0; r < 16; r++) {
        float expected = first + k < panel->n ? panel->weights[r * panel->n + first + k] : 0;

        /* one rounding more or less where a machine has no fused multiplication */
        g_assert_cmpfloat_with_epsilon (floats[k * 64 + r], expected, fabsf (expected) * 1e-6f + 1e-7f);
        g_assert_cmpfloat_with_epsilon (l4_bf16_to_float (halves[k / 2 * 128 + 2 * r + k % 2]), expected,
            fabsf (expected) * 0x1p-8f + 1e-7f);
      }
  }
}

static void
check_dots (const L4Kernels *kernels, const Panel *panel, GRand *random)
{
  const L4PanelKernels *own = &kernels->panels[panel->type];
  gsize n = panel->n;
  g_autofree float *x = g_new (float, 8 * n);
  g_autofree gint8 *values = g_new (gint8, 8 * n);
  g_autofree float *numbers = g_new (float, 8 * (n / 32 + 1) * 4);
  L4QuantisedRow rows[8];
  const float *floats[8];
  float out[8 * 20], alone[20];

  for (guint m = 0; m < 8; m++) {
    float *scales = numbers + m * (n / 32 + 1) * 4;

    for (gsize k = 0; k < n; k++)
      x[m * n + k] = g_rand_double_range (random, -1, 1);
    floats[m] = x + m * n;
    rows[m] = (L4QuantisedRow) { values + m * n, scales, scales + n / 32, scales + 2 * (n / 32) };
    if (own->dot == NULL)
      continue;
    kernels->quantise (x + m * n, n, &rows[m]);
    for (gsize k = 0; k < n; k++)       /* what the dots really see */
      x[m * n + k] = rows[m].values[k] * rows[m].scales[k / 32];
  }
  for (guint n_rows = 1; n_rows <= 8; n_rows++) {
    for (guint i = 0; i < G_N_ELEMENTS (out); i++)
      out[i] = 12345;
    if (own->dot != NULL)
      own->dot (panel->panel, n, rows, n_rows, out, 20);
    else
      own->dot_floats (panel->panel, n, floats, n_rows, out, 20);
    for (guint m = 0; m < 8; m++)
      for (guint r = 0; r < 20; r++) {
        double expected = 0, size = 0;

        for (gsize k = 0; r < 16 && k < n; k++) {
          expected += (double) panel->weights[r * n + k] * x[m * n + k];
          size += fabs ((double) panel->weights[r * n + k] * x[m * n + k]);
        }
        if (m < n_rows && r < 16)
          g_assert_cmpfloat_with_epsilon (out[m * 20 + r], expected, 2e-5 * size + 1e-6);
        else
          g_assert_cmpfloat (out[m * 20 + r], ==, 12345);
      }
    if (own->dot != NULL)
      own->dot (panel->panel, n, rows + n_rows - 1, 1, alone, 20);
    else
      own->dot_floats (panel->panel, n, floats + n_rows - 1, 1, alone, 20);
    g_assert_cmpmem (alone, 64, out + (n_rows - 1) * 20, 64);
  }
}

static void
test_panels (gconstpointer data)
{
  const L4Kernels *kernels = l4_kernels_by_name (data);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);

  if (kernels == NULL) {
    g_test_skip ("this machine cannot run it");
    return;
  }
  for (guint type = 0; type < L4_N_TYPES; type++) {
    static const gsize plain[] = { 1, 2, 3, 31, 32, 33, 64, 100, 588, 700 }, blocks[] = { 1, 2, 3, 5, 8 };
    gboolean is_plain = block_of (type) == 1;

    for (guint s = 0; s < (is_plain ? G_N_ELEMENTS (plain) : G_N_ELEMENTS (blocks)); s++) {
      Panel panel;

      panel_init (&panel, random, type, is_plain ? plain[s] : blocks[s] * block_of (type), s % 2 ? 16 : 1 + s);
      check_conversions (&kernels->panels[type], &panel);
      check_dots (kernels, &panel, random);
      panel_clear (&panel);
    }
  }
}

static void
test_columns_pack_like_rows (void)
{
  static const L4Type types[] = { L4_TYPE_F32, L4_TYPE_BF16, L4_TYPE_F16, L4_TYPE_F8_E4M3 };
  g_autoptr (GRand) random = g_rand_new_with_seed (12);

  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    for (gsize n = 1; n <= 9; n++)
      for (guint n_rows = 1; n_rows <= 16; n_rows += 5) {
        gsize size = l4_type_info (types[t])->block_bytes, bytes = l4_panel_bytes (types[t], n);
        g_autofree guint8 *rows = blocks_random (random, types[t], n * n_rows), *columns = g_malloc (n * n_rows * size);
        g_autofree guint8 *one = g_malloc (bytes), *other = g_malloc (bytes);

        memset (one, 1, bytes);
        memset (other, 2, bytes);
        for (gsize k = 0; k < n; k++)
          for (guint r = 0; r < n_rows; r++)
            memcpy (columns + (k * n_rows + r) * size, rows + (r * n + k) * size, size);
        l4_panel_pack (types[t], rows, n * size, n * size, n_rows, one);
        l4_panel_pack_columns (types[t], columns, n_rows * size, n, n_rows, other);
        g_assert_cmpmem (one, bytes, other, bytes);
      }
}

static void
test_formats_agree_with_the_files (void)
{
  for (guint type = 0; type < L4_N_TYPES; type++) {
    g_assert_cmpuint (l4_panel_format (type)->block_elements, ==, l4_type_info (type)->block_elements);
    g_assert_cmpuint (l4_panel_format (type)->block_bytes, ==, l4_type_info (type)->block_bytes);
    g_assert_cmpuint (l4_panel_bytes (type, 512), ==, 16 * 512 / block_of (type) * l4_type_info (type)->block_bytes);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strdup_printf ("/panel/%s/equals-the-dequantiser-for-every-type", names[i]);

    g_test_add_data_func (path, names[i], test_panels);
  }
  g_test_add_func ("/panel/columns-pack-like-rows", test_columns_pack_like_rows);
  g_test_add_func ("/panel/formats-agree-with-the-files", test_formats_agree_with_the_files);
  return g_test_run ();
}
