/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts as every kind of checkpoint holds them: each form gives the same rows. */

#include "base/bf16.h"
#include "support/safetensors.h"
#include "weights/source.h"

#define E 2
#define F 3
#define D 4
#define PREFIX "language_model.model.layers.0.feed_forward.experts."

static const L4LayoutTensor gate = {.source = (char *) PREFIX "gate_proj.weight",.kind = L4_LAYOUT_EXPERTS,.n_dims = 3,
  .dims = {E, F, D},.n_elements = E * F * D
};
static const L4LayoutTensor up = {.source = (char *) PREFIX "up_proj.weight",.kind = L4_LAYOUT_EXPERTS,.n_dims = 3,
  .dims = {E, F, D},.n_elements = E * F * D
};
static const L4LayoutTensor down = {.source = (char *) PREFIX "down_proj.weight",.kind = L4_LAYOUT_EXPERTS,.n_dims = 3,
  .dims = {E, D, F},.n_elements = E * D * F
};

/* The value of element i of a file whose bytes are 0, 1, 2, …, in bfloat16. */
static float
value_at (guint i)
{
  return l4_bf16_to_float ((guint16) ((2 * i + 1) << 8 | 2 * i));
}

static float
float8_at (guint i)
{
  const guint8 byte = (guint8) i;
  float value;

  l4_type_to_float (L4_TYPE_F8_E4M3, &byte, 1, &value);
  return value;
}

/* Rows first and first + 1 of the expert. */
static void
read_two (const L4Checkpoint *checkpoint, const L4LayoutTensor *to, L4SourceForm form, gint64 expert, gint64 first, float *rows)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *scratch = NULL;
  L4Source source;

  l4_source_find (checkpoint, to, &source, &error);
  g_assert_no_error (error);
  g_assert_cmpint (source.form, ==, form);
  scratch = g_malloc (l4_source_scratch (&source) + 1);
  g_assert_true (l4_source_begin_slice (&source, checkpoint, expert, scratch, NULL));
  g_assert_true (l4_source_read_rows (&source, checkpoint, expert, first, 2, scratch, rows, NULL));
}

static void
test_rows_of_a_file_are_taken_as_they_are (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  float rows[2 * D];

  write_file (folder, SINGLE, "{'" PREFIX "up_proj.weight':{'dtype':'BF16','shape':[2,3,4]," AT (0, 48) "}}", 48);
  checkpoint = open_good (folder);
  read_two (checkpoint, &up, L4_SOURCE_ROWS, 1, 1, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (F * D + D + i));
}

static void
test_gate_and_up_turned_in_one_come_apart (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  float rows[2 * D];

  write_file (folder, SINGLE, "{'" PREFIX "gate_up_proj':{'dtype':'BF16','shape':[2,4,6]," AT (0, 96) "},'" PREFIX
      "down_proj':{'dtype':'BF16','shape':[2,3,4]," AT (96, 144) "}}", 144);
  checkpoint = open_good (folder);
  read_two (checkpoint, &gate, L4_SOURCE_TURNED, 1, 1, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (D * 2 * F + i % D * 2 * F + 1 + i / D));
  read_two (checkpoint, &up, L4_SOURCE_TURNED, 0, 0, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (i % D * 2 * F + F + i / D));
  read_two (checkpoint, &down, L4_SOURCE_TURNED, 1, 2, rows);
  for (guint i = 0; i < 2 * F; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (48 + F * D + i % F * D + 2 + i / F));
}

static void
test_gate_and_up_stacked_in_one_come_apart (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  float rows[2 * D];

  write_file (folder, SINGLE, "{'" PREFIX "gate_up_proj.weight':{'dtype':'BF16','shape':[2,6,4]," AT (0, 96) "}}", 96);
  checkpoint = open_good (folder);
  read_two (checkpoint, &gate, L4_SOURCE_STACKED, 1, 0, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (2 * F * D + i));
  read_two (checkpoint, &up, L4_SOURCE_STACKED, 1, 1, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, value_at (2 * F * D + F * D + D + i));
}

/* gate of both experts in float8; scales: whether the second has its own. */
static void
write_apart (const Folder *folder, gboolean scales)
{
  g_autofree char *header = g_strconcat ("{'" PREFIX "0.gate_proj.weight':{'dtype':'F8_E4M3','shape':[3,4]," AT (0, 12) "},'"
      PREFIX "1.gate_proj.weight':{'dtype':'F8_E4M3','shape':[3,4]," AT (12, 24) "}",
      scales ? ",'" PREFIX "1.gate_proj.weight_scale':{'dtype':'F8_E4M3','shape':[3,1]," AT (24, 27) "}" : "", "}", NULL);

  write_file (folder, SINGLE, header, scales ? 27 : 24);
}

static void
test_experts_apart_in_float8_are_scaled_by_row (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  float rows[2 * D];

  write_apart (folder, TRUE);
  checkpoint = open_good (folder);
  read_two (checkpoint, &gate, L4_SOURCE_APART, 1, 1, rows);
  for (guint i = 0; i < 2 * D; i++)
    g_assert_cmpfloat (rows[i], ==, float8_at (12 + D + i) * float8_at (24 + 1 + i / D));
}

static void
test_float8_without_scales_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  L4Source source;
  float rows[2 * D];

  write_apart (folder, FALSE);
  checkpoint = open_good (folder);
  g_assert_true (l4_source_find (checkpoint, &gate, &source, NULL));
  g_assert_false (l4_source_read_rows (&source, checkpoint, 1, 0, 2, NULL, rows, &error));
  assert_says (error, "1.gate_proj.weight_scale|missing");
}

static void
test_what_is_missing_or_of_another_shape_is_named (void)
{
  static const char *const headers[][2] = {
    {"{'a':{'dtype':'BF16','shape':[2,3,4]," AT (0, 48) "}}", "0.gate_proj.weight|missing"},
    {"{'" PREFIX "gate_up_proj':{'dtype':'BF16','shape':[2,6,2]," AT (0, 48) "}}", "gate_up_proj|[2, 6, 2]|[2, 4, 6]"},
    {"{'" PREFIX "gate_proj.weight':{'dtype':'BF16','shape':[3,2,4]," AT (0, 48) "}}", "gate_proj.weight|[3, 2, 4]"},
    {"{'" PREFIX "gate_up_proj':{'dtype':'F8_E4M3','shape':[2,4,6]," AT (0, 48) "}}", "gate_up_proj|F8_E4M3"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autoptr (L4Checkpoint) checkpoint = NULL;
    g_autoptr (GError) error = NULL;
    L4Source source;

    write_file (folder, SINGLE, headers[i][0], 48);
    checkpoint = open_good (folder);
    g_assert_false (l4_source_find (checkpoint, &gate, &source, &error));
    assert_says (error, headers[i][1]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/source/rows-of-a-file-are-taken-as-they-are", test_rows_of_a_file_are_taken_as_they_are);
  g_test_add_func ("/source/gate-and-up-turned-in-one-come-apart", test_gate_and_up_turned_in_one_come_apart);
  g_test_add_func ("/source/gate-and-up-stacked-in-one-come-apart", test_gate_and_up_stacked_in_one_come_apart);
  g_test_add_func ("/source/experts-apart-in-float8-are-scaled-by-row", test_experts_apart_in_float8_are_scaled_by_row);
  g_test_add_func ("/source/float8-without-scales-is-refused", test_float8_without_scales_is_refused);
  g_test_add_func ("/source/what-is-missing-or-of-another-shape-is-named", test_what_is_missing_or_of_another_shape_is_named);
  return g_test_run ();
}
