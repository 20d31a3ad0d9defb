/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Panels of every type on every instruction set against the plain dequantiser. */

#include <math.h>

#include "base/bf16.h"
#include "kernels/kernels.h"
#include "support/blocks.h"
#include "support/guarded.h"

static const char *const names[] = { "baseline", "avx2", "avxvnni", "avx512", "vnni", "bf16", "amx" };

/* A panel of weights. */
typedef struct
{
  L4Type type;
  gsize n;                      /* elements a row */
  guint n_rows;
  float *weights;               /* [16, n], missing rows 0 */
  Guarded memory;
  guint8 *panel;
  gsize bytes;
} Panel;

/* byte: as blocks_of() takes it */
static void
panel_init (Panel *self, int byte, GRand *random, L4Type type, gsize n, guint n_rows)
{
  const L4TypeInfo *info = l4_type_info (type);
  gsize row_bytes = n / info->block_elements * info->block_bytes;
  g_autofree guint8 *rows = blocks_of (byte, random, type, n * n_rows);

  *self = (Panel) {.type = type,.n = n,.n_rows = n_rows,.weights = g_new0 (float, 16 * n),.bytes = l4_panel_bytes (type, n) };
  guarded_init (&self->memory, self->bytes);
  self->panel = self->memory.data;
  memset (self->panel, 0xff, self->bytes);
  l4_panel_pack (type, rows, row_bytes, row_bytes, n_rows, self->panel);
  for (guint r = 0; r < n_rows; r++)
    l4_type_to_float (type, rows + r * row_bytes, n, self->weights + r * n);
}

static void
panel_clear (Panel *self)
{
  guarded_clear (&self->memory);
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
  g_autofree guint16 *halves = g_new (guint16, 16 * count);
  float largest = 0;

  for (gsize i = 0; i < 16 * panel->n; i++)
    largest = MAX (largest, fabsf (panel->weights[i]));
  for (gsize first = 0; first < count; first += 32) {
    gsize some = MIN (64, count - first);

    kernels->to_floats (panel->panel, panel->n, first, some, floats, 64);
    kernels->to_bf16 (panel->panel, panel->n, first, some, halves);
    for (gsize k = 0; k < some; k++)
      for (guint r = 0; r < 16; r++) {
        float expected = first + k < panel->n ? panel->weights[r * panel->n + first + k] : 0;

        /* one rounding more or less where a machine has no fused multiplication; a step more on the way to bfloat16 */
        g_assert_cmpfloat_with_epsilon (floats[k * 64 + r], expected, fabsf (expected) * 1e-6f + 1e-7f);
        g_assert_cmpfloat_with_epsilon (l4_bf16_to_float (halves[k / 2 * 32 + 2 * r + k % 2]), expected,
            fabsf (expected) * 0x1p-8f + largest * 0x1p-21f);
      }
  }
}

/* Rows of random input, with `signs` all of one size, quantised for types with blocks: x is then what the kernels really see. */
typedef struct
{
  gsize n_rows, n;
  float *x;                     /* [n_rows, n] */
  guint8 *data;
  L4QuantisedRows quantised;
} Input;

static void
input_init (Input *self, GRand *random, const L4Kernels *kernels, gboolean quantise, gboolean signs, gsize n_rows, gsize n)
{
  *self = (Input) {.n_rows = n_rows,.n = n,.x = g_new (float, n_rows * n) };

  for (gsize k = 0; k < n_rows * n; k++)
    self->x[k] = !signs ? g_rand_double_range (random, -1, 1) : k / 64 % 2 ? -1 : 1;
  if (!quantise)
    return;
  self->data = g_malloc (n_rows * l4_quantised_row_bytes (n));
  self->quantised = l4_quantised_rows (self->data, n);
  for (gsize m = 0; m < n_rows; m++) {
    L4QuantisedRows row = l4_quantised_rows_from (&self->quantised, m, 0);

    kernels->quantise (self->x + m * n, n, &row);
    for (gsize k = 0; k < n; k++)
      self->x[m * n + k] = row.values[k] * row.scales[k / 32];
  }
}

static void
input_clear (Input *self)
{
  g_free (self->x);
  g_free (self->data);
}

static void
check_sum (const Panel *panel, const Input *input, gsize m, guint r, float found)
{
  double expected = 0, size = 0;

  for (gsize k = 0; k < panel->n; k++) {
    expected += (double) panel->weights[r * panel->n + k] * input->x[m * panel->n + k];
    size += fabs ((double) panel->weights[r * panel->n + k] * input->x[m * panel->n + k]);
  }
  g_assert_cmpfloat_with_epsilon (found, expected, 2e-5 * size + 1e-6);
}

static void
dot (const L4PanelKernels *kernels, const Panel *panel, const Input *input, gsize first, guint n_rows, float *out)
{
  L4QuantisedRows rows = l4_quantised_rows_from (&input->quantised, first, 0);
  const float *floats[8];

  for (guint m = 0; m < n_rows; m++)
    floats[m] = input->x + (first + m) * panel->n;
  if (kernels->dot != NULL)
    kernels->dot ((const guint8 *[]) { panel->panel }, 1, panel->n, &rows, n_rows, out, 20);
  else
    kernels->dot_floats (panel->panel, panel->n, floats, n_rows, out, 20);
}

static void
check_dots (const L4Kernels *kernels, const Panel *panel, GRand *random)
{
  const L4PanelKernels *own = &kernels->panels[panel->type];
  float out[8 * 20], alone[20];
  Input input;

  input_init (&input, random, kernels, own->dot != NULL, FALSE, 8, panel->n);
  for (guint n_rows = 1; n_rows <= 8; n_rows++) {
    for (guint i = 0; i < G_N_ELEMENTS (out); i++)
      out[i] = 12345;
    dot (own, panel, &input, 0, n_rows, out);
    for (guint m = 0; m < 8; m++)
      for (guint r = 0; r < 20; r++)
        if (m < n_rows && r < 16)
          check_sum (panel, &input, m, r, out[m * 20 + r]);
        else
          g_assert_cmpfloat (out[m * 20 + r], ==, 12345);
    dot (own, panel, &input, n_rows - 1, 1, alone);
    g_assert_cmpmem (alone, 64, out + (n_rows - 1) * 20, 64);
  }
  input_clear (&input);
}

/* Several panels side by side give exactly what each of them gives alone. */
static void
check_several (const L4Kernels *kernels, const Panel *panel, const Panel *other, GRand *random)
{
  const L4PanelKernels *own = &kernels->panels[panel->type];
  const guint8 *panels[] = { panel->panel, other->panel, other->panel, panel->panel };
  float out[8 * 64], alone[2][8 * 20];
  Input input;

  input_init (&input, random, kernels, TRUE, FALSE, 8, panel->n);
  for (guint n_rows = 1; n_rows <= 8; n_rows++)
    for (guint n_panels = 1; n_panels <= 4; n_panels++) {
      own->dot (panels, n_panels, panel->n, &input.quantised, n_rows, out, 64);
      dot (own, panel, &input, 0, n_rows, alone[0]);
      dot (own, other, &input, 0, n_rows, alone[1]);
      for (guint m = 0; m < n_rows; m++)
        for (guint p = 0; p < n_panels; p++)
          g_assert_cmpmem (alone[p == 1 || p == 2] + m * 20, 64, out + m * 64 + 16 * p, 64);
    }
  input_clear (&input);
}

/* Many rows give exactly what each of them gives alone. */
static void
check_multiply (const L4Kernels *kernels, const Panel *panel, const Panel *other, GRand *random)
{
  static const guint numbers[] = { 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 29 };
  const L4PanelKernels *own = &kernels->panels[panel->type];
  const guint8 *panels[] = { panel->panel, other->panel, other->panel, panel->panel };
  float out[29 * 68], alone[2][20];
  Input input;

  input_init (&input, random, kernels, TRUE, FALSE, 29, panel->n);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (guint n_panels = 2; n_panels <= 4; n_panels += 2) {
      for (guint k = 0; k < G_N_ELEMENTS (out); k++)
        out[k] = k % 68 < 16 * n_panels && k / 68 < numbers[i] ? 0 : 12345;
      for (gsize first = 0; first < panel->n; first += 256)
        own->multiply (panels, n_panels, first, MIN (256, panel->n - first), &input.quantised, numbers[i], out, 68);
      for (guint m = 0; m < numbers[i]; m++) {
        dot (own, panel, &input, m, 1, alone[0]);
        dot (own, other, &input, m, 1, alone[1]);
        for (guint p = 0; p < n_panels; p++)
          g_assert_cmpmem (alone[p == 1 || p == 2], 64, out + m * 68 + 16 * p, 64);
      }
      for (guint k = 0; k < G_N_ELEMENTS (out); k++)
        g_assert_true ((k % 68 < 16 * n_panels && k / 68 < numbers[i]) || out[k] == 12345);
    }
  input_clear (&input);
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
    static const gsize plain[] = { 1, 2, 3, 31, 32, 33, 64, 100, 588, 700 }, blocks[] = { 1, 2, 3, 5, 8, 17 };
    gboolean is_plain = block_of (type) == 1;

    for (guint s = 0; s < (is_plain ? G_N_ELEMENTS (plain) : G_N_ELEMENTS (blocks)); s++) {
      gsize n = is_plain ? plain[s] : blocks[s] * block_of (type);
      Panel panel, other;

      panel_init (&panel, -1, random, type, n, s % 2 ? 16 : 1 + s);
      panel_init (&other, -1, random, type, n, 16);
      check_conversions (&kernels->panels[type], &panel);
      check_dots (kernels, &panel, random);
      if (kernels->panels[type].dot != NULL) {
        check_several (kernels, &panel, &other, random);
        check_multiply (kernels, &panel, &other, random);
      }
      panel_clear (&panel);
      panel_clear (&other);
    }
  }
}

/* Partial sums hold what the largest and smallest numbers give. */
static void
test_extremes (gconstpointer data)
{
  static const guint8 bytes[] = { 0, 0x7f, 0x80, 0xff };
  const L4Kernels *kernels = l4_kernels_by_name (data);
  g_autoptr (GRand) random = g_rand_new_with_seed (14);
  float one[20], many[9 * 32];

  if (kernels == NULL) {
    g_test_skip ("this machine cannot run it");
    return;
  }
  for (guint type = 0; type < L4_N_TYPES; type++)
    for (guint i = 0; kernels->panels[type].dot != NULL && i < G_N_ELEMENTS (bytes); i++) {
      Panel panel;
      Input input;

      panel_init (&panel, bytes[i], random, type, 256, 16);
      input_init (&input, random, kernels, TRUE, TRUE, 9, 256);
      memset (many, 0, sizeof many);
      dot (&kernels->panels[type], &panel, &input, 0, 1, one);
      kernels->panels[type].multiply ((const guint8 *[]) { panel.panel, panel.panel }, 2, 0, 256, &input.quantised, 9, many, 32);
      for (guint r = 0; r < 16; r++) {
        check_sum (&panel, &input, 0, r, one[r]);
        check_sum (&panel, &input, 8, r, many[8 * 32 + 16 + r]);
      }
      panel_clear (&panel);
      input_clear (&input);
    }
}

/* Seconds of one call of many on weights that lie in a cache; the best of some tries. */
static double
time_call (const L4PanelKernels *kernels, const Panel *panel, const Input *input, guint n_rows)
{
  const guint8 *panels[] = { panel->panel, panel->panel, panel->panel, panel->panel };
  g_autofree float *out = g_new0 (float, n_rows * 64);
  gint64 best = G_MAXINT64;

  for (guint attempt = 0; attempt < 5; attempt++) {
    gint64 start = g_get_monotonic_time ();

    for (guint i = 0; i < 50; i++)
      if (n_rows <= 8)
        kernels->dot (panels, 4, panel->n, &input->quantised, n_rows, out, 64);
      else
        for (gsize first = 0; first < panel->n; first += 256)
          kernels->multiply (panels, 4, first, 256, &input->quantised, n_rows, out, 64);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  return best / 50e6;
}

/* Weights a second that become a block of bfloat16. */
static double
time_block (const L4PanelKernels *kernels, const Panel *panel)
{
  g_autofree guint16 *block = g_new (guint16, 512 * 64);
  gint64 best = G_MAXINT64;

  for (guint attempt = 0; attempt < 5; attempt++) {
    gint64 start = g_get_monotonic_time ();

    for (guint i = 0; i < 50; i++)
      for (gsize first = 0; first < panel->n; first += 512)
        kernels->to_bf16 (panel->panel, panel->n, first, 512, block);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  return 50e6 * 16 * panel->n / best;
}

static void
test_speed (gconstpointer data)
{
  const L4Kernels *kernels = l4_kernels_by_name (data);
  g_autoptr (GRand) random = g_rand_new_with_seed (13);
  const gsize n = 4096;

  for (guint type = 0; kernels != NULL && type < L4_N_TYPES; type++) {
    const L4PanelKernels *own = &kernels->panels[type];
    Panel panel;
    Input input;

    if (own->dot == NULL)
      continue;
    panel_init (&panel, -1, random, type, n, 16);
    input_init (&input, random, kernels, TRUE, FALSE, 48, n);
    g_test_message ("%s %-6s one row %6.1f GB/s, eight %6.1f GOPS, tiles %6.1f GOPS, blocks of %4.2f G/s", kernels->name, l4_type_info (type)->name,
        4 * panel.bytes / time_call (own, &panel, &input, 1) * 1e-9, 2.0 * 8 * 64 * n / time_call (own, &panel, &input, 8) * 1e-9,
        2.0 * 48 * 64 * n / time_call (own, &panel, &input, 48) * 1e-9, time_block (own, &panel) * 1e-9);
    panel_clear (&panel);
    input_clear (&input);
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
    g_autofree char *extremes = g_strdup_printf ("/panel/%s/extremes", names[i]);
    g_autofree char *speed = g_strdup_printf ("/panel/%s/speed", names[i]);

    g_test_add_data_func (path, names[i], test_panels);
    g_test_add_data_func (extremes, names[i], test_extremes);
    if (g_test_perf ())
      g_test_add_data_func (speed, names[i], test_speed);
  }
  g_test_add_func ("/panel/columns-pack-like-rows", test_columns_pack_like_rows);
  g_test_add_func ("/panel/formats-agree-with-the-files", test_formats_agree_with_the_files);
  return g_test_run ();
}
