/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture preparation: canvases, resizing, tiles and normalisation, against the reference and by their definitions. */

#include <math.h>
#include <string.h>

#include "files/npy.h"
#include "files/ppm.h"
#include "support/folder.h"
#include "vision/picture.h"

/* The published models' sizes. */
static const L4VisionConfig published = {.image_size = 336,.patch_size = 14,.channels = 3,.shuffle = 2,.max_patches = 16 };

/* A tile so small that one can look at it. */
static const L4VisionConfig small = {.image_size = 4,.patch_size = 2,.channels = 3,.shuffle = 1,.max_patches = 4 };

/* Pixels in a block of exactly their size, so that a sanitizer sees the first byte read beyond it. */
static guint8 *
random_pixels (GRand *random, gsize length)
{
  guint8 *pixels = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    pixels[i] = (guint8) g_rand_int_range (random, 0, 256);
  return pixels;
}

static L4Picture
picture_of (const guint8 *pixels, guint width, guint height)
{
  return (L4Picture) {.pixels = pixels,.width = width,.height = height,.stride = 3 * (gsize) width };
}

/* [n_tiles, 3, side, side] */
static float *
prepare (const L4VisionConfig *config, guint max_tiles, const L4Picture *picture, L4Canvas *canvas)
{
  g_autoptr (GError) error = NULL;
  float *tiles;

  l4_canvas_choose (config, max_tiles, picture->width, picture->height, canvas);
  tiles = g_new (float, (gsize) 3 * config->image_size * config->image_size * canvas->n_tiles);
  l4_picture_prepare (config, canvas, picture, tiles, &error);
  g_assert_no_error (error);
  return tiles;
}

/* The 8-bit sample that was normalised to value. */
static int
sample_of (float value)
{
  const float *table = l4_normalisation_table ();

  for (int i = 0; i < 256; i++)
    if (table[i] == value)
      return i;
  g_error ("%g is not in the normalisation table", value);
  return -1;
}

/* Normalisation ---------------------------------------------------------------------------------------------------------- */

static void
test_normalisation (void)
{
  static const struct
  {
    guint sample;
    float value;
  } known[] = {
    {0, -1.0f}, {1, -0.9921875f}, {2, -0.984375f}, {127, -0.00390625f}, {128, 0.0078125f}, {254, 0.9921875f}, {255, 1.0f},
  };
  const float *table = l4_normalisation_table ();

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmpfloat (table[known[i].sample], ==, known[i].value);
  for (guint i = 0; i < 256; i++) {
    g_assert_cmpfloat (fabsf (table[i] - ((float) i / 127.5f - 1)), <=, 0.0079f);
    g_assert_true (i == 0 || table[i] > table[i - 1]);
  }
}

/* Canvases --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint height, width, rows, cols, resized_height, resized_width, n_tiles;
} CanvasCase;

/* What the reference chooses for the published models. */
static const CanvasCase canvas_cases[] = {
  {1, 1, 1, 1, 336, 336, 1}, {100, 100, 1, 1, 336, 336, 1}, {224, 224, 1, 1, 336, 336, 1}, {336, 336, 1, 1, 336, 336, 1},
  {337, 336, 2, 1, 337, 336, 3}, {300, 800, 1, 3, 300, 800, 4}, {336, 672, 1, 2, 336, 672, 3},
  {480, 640, 2, 2, 480, 640, 5}, {600, 800, 2, 3, 600, 800, 7}, {720, 1280, 3, 4, 720, 1280, 13},
  {1080, 1920, 3, 5, 945, 1680, 16}, {1440, 2560, 3, 5, 945, 1680, 16}, {2160, 3840, 3, 5, 945, 1680, 16},
  {1344, 1344, 4, 4, 1344, 1344, 17}, {5000, 5000, 4, 4, 1344, 1344, 17}, {4000, 3000, 4, 3, 1344, 1008, 13},
  {200, 1000, 1, 3, 200, 1000, 4}, {1000, 200, 3, 1, 1000, 200, 4}, {1, 65535, 1, 16, 1, 5376, 17},
  {65535, 1, 16, 1, 5376, 1, 17},
};

static void
assert_canvas (const L4Canvas *canvas, const CanvasCase *expected)
{
  g_assert_cmpuint (canvas->grid.rows, ==, expected->rows);
  g_assert_cmpuint (canvas->grid.cols, ==, expected->cols);
  g_assert_cmpuint (canvas->height, ==, expected->resized_height);
  g_assert_cmpuint (canvas->width, ==, expected->resized_width);
  g_assert_cmpuint (canvas->n_tiles, ==, expected->n_tiles);
}

static void
test_canvases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (canvas_cases); i++) {
    L4Canvas canvas;

    l4_canvas_choose (&published, 16, canvas_cases[i].width, canvas_cases[i].height, &canvas);
    assert_canvas (&canvas, &canvas_cases[i]);
  }
}

static void
test_one_tile (void)
{
  static const CanvasCase cases[] = {
    {1080, 1920, 1, 1, 189, 336, 1}, {64, 112, 1, 1, 192, 336, 1}, {1920, 1080, 1, 1, 336, 189, 1}, {1, 65535, 1, 1, 1, 336, 1},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    L4Canvas canvas;

    l4_canvas_choose (&published, 1, cases[i].width, cases[i].height, &canvas);
    assert_canvas (&canvas, &cases[i]);
  }
}

static void
test_to_max_canvas (void)
{
  L4VisionConfig config = published;
  L4Canvas canvas;

  config.resize_to_max_canvas = TRUE;
  l4_canvas_choose (&config, 16, 100, 100, &canvas);
  assert_canvas (&canvas, &(CanvasCase) {0, 0, 4, 4, 1344, 1344, 17});
  l4_canvas_choose (&config, 16, 800, 300, &canvas);
  assert_canvas (&canvas, &(CanvasCase) {0, 0, 2, 6, 672, 1792, 13});
}

static void
test_canvas_properties (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 20000; i++) {
    guint width = (guint) exp (g_rand_double_range (random, 0, log (65535)));
    guint height = (guint) exp (g_rand_double_range (random, 0, log (65535))), max_tiles = g_rand_int_range (random, 1, 17);
    L4Canvas canvas;

    l4_canvas_choose (&published, max_tiles, width, height, &canvas);
    g_assert_cmpuint (canvas.grid.rows * canvas.grid.cols, <=, max_tiles);
    g_assert_cmpuint (canvas.width, >=, 1);
    g_assert_cmpuint (canvas.height, >=, 1);
    g_assert_cmpuint (canvas.width, <=, canvas.grid.cols * 336);
    g_assert_cmpuint (canvas.height, <=, canvas.grid.rows * 336);
    g_assert_true (canvas.width == MIN (MAX (width, 336), canvas.grid.cols * 336)
        || canvas.height == MIN (MAX (height, 336), canvas.grid.rows * 336));
  }
}

static void
test_max_tiles_is_clamped (void)
{
  L4Canvas none, many;

  l4_canvas_choose (&published, 0, 1920, 1080, &none);
  l4_canvas_choose (&published, 1000, 1920, 1080, &many);
  g_assert_cmpuint (none.n_tiles, ==, 1);
  g_assert_cmpuint (many.n_tiles, ==, 16);
}

/* Resizing --------------------------------------------------------------------------------------------------------------- */

/* One output sample of one axis by the filter's definition: a triangle as wide as the shrinking, around the output's middle. */
static double
filter_sample (const double *in, guint n_in, gsize step, guint n_out, guint i)
{
  double scale = (double) n_in / n_out, support = MAX (scale, 1), middle = (i + 0.5) * scale, sum = 0, weights = 0;

  for (guint j = 0; j < n_in; j++) {
    double weight = MAX (1 - fabs (j + 0.5 - middle) / support, 0);

    sum += weight * in[j * step];
    weights += weight;
  }
  return sum / weights;
}

/* [height, width, 3] in double through both axes. */
static double *
resize_exactly (const L4Picture *picture, guint width, guint height)
{
  g_autofree double *in = g_new (double, (gsize) picture->height * picture->width * 3);
  g_autofree double *between = g_new (double, (gsize) picture->height * width * 3);
  double *out = g_new (double, (gsize) height * width * 3);

  for (gsize i = 0; i < (gsize) picture->height * picture->width * 3; i++)
    in[i] = picture->pixels[i];
  for (guint y = 0; y < picture->height; y++)
    for (guint k = 0; k < width * 3; k++)
      between[(gsize) y * width * 3 + k] =
          filter_sample (in + (gsize) y * picture->width * 3 + k % 3, picture->width, 3, width, k / 3);
  for (guint y = 0; y < height; y++)
    for (guint k = 0; k < width * 3; k++)
      out[(gsize) y * width * 3 + k] = filter_sample (between + k, picture->height, (gsize) width * 3, height, y);
  return out;
}

static void
assert_resized (GRand *random, guint from_width, guint from_height, guint width, guint height)
{
  g_autofree guint8 *pixels = random_pixels (random, (gsize) 3 * from_width * from_height);
  L4Picture picture = picture_of (pixels, from_width, from_height);
  g_autofree double *expected = resize_exactly (&picture, width, height);
  g_autofree guint8 *out = g_malloc ((gsize) 3 * width * height);
  g_autoptr (GError) error = NULL;

  l4_picture_resize (&picture, width, height, out, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < (gsize) 3 * width * height; i++)
    g_assert_cmpfloat (fabs (out[i] - expected[i]), <=, 1.01);  /* each pass rounds once */
}

static void
test_resize (void)
{
  static const guint sizes[][4] = {
    {7, 5, 3, 2}, {3, 2, 7, 5}, {7, 5, 7, 2}, {7, 5, 3, 5}, {1, 1, 9, 4}, {9, 4, 1, 1}, {200, 3, 11, 9}, {3, 200, 9, 11},
    {64, 48, 63, 49}, {2, 2, 3, 3},
  };
  g_autoptr (GRand) random = g_rand_new_with_seed (2);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    assert_resized (random, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
  for (guint i = 0; i < 200; i++)
    assert_resized (random, g_rand_int_range (random, 1, 40), g_rand_int_range (random, 1, 40), g_rand_int_range (random, 1, 40),
        g_rand_int_range (random, 1, 40));
}

/* Four samples whose average tells this order of passes and roundings from every other. */
static void
test_passes_are_rounded (void)
{
  static const guint8 pixels[] = { 0, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0 };       /* red: 0 1 / 2 1 */
  L4Picture picture = picture_of (pixels, 2, 2);
  guint8 out[3];

  g_assert_true (l4_picture_resize (&picture, 1, 1, out, NULL));
  g_assert_cmpuint (out[0], ==, 2);     /* rows 0.5 → 1 and 1.5 → 2, then 1.5 → 2; rows first or at once it would be 1 */
}

static void
test_same_size (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autofree guint8 *pixels = random_pixels (random, 3 * 13 * 7);
  L4Picture picture = picture_of (pixels, 13, 7);
  guint8 out[3 * 13 * 7];

  g_assert_true (l4_picture_resize (&picture, 13, 7, out, NULL));
  g_assert_cmpmem (out, sizeof out, pixels, sizeof out);
}

static void
test_one_colour (void)
{
  for (guint colour = 0; colour < 256; colour += 51) {
    g_autofree guint8 *pixels = g_malloc (3 * 97 * 61);
    L4Picture picture = picture_of (pixels, 97, 61);
    guint8 out[3 * 40 * 90];

    memset (pixels, (int) colour, 3 * 97 * 61);
    g_assert_true (l4_picture_resize (&picture, 40, 90, out, NULL));
    for (gsize i = 0; i < sizeof out; i++)
      g_assert_cmpuint (out[i], ==, colour);
  }
}

static void
test_stride (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_autofree guint8 *padded = random_pixels (random, 8 * 40 + 3 * 11);
  g_autofree guint8 *dense = g_malloc (9 * 3 * 11);
  L4Picture one = {.pixels = padded,.width = 11,.height = 9,.stride = 40 };
  L4Picture two = picture_of (dense, 11, 9);
  guint8 out_one[3 * 5 * 20], out_two[3 * 5 * 20];

  for (guint y = 0; y < 9; y++)
    memcpy (dense + y * 33, padded + y * 40, 33);
  g_assert_true (l4_picture_resize (&one, 5, 20, out_one, NULL) && l4_picture_resize (&two, 5, 20, out_two, NULL));
  g_assert_cmpmem (out_one, sizeof out_one, out_two, sizeof out_two);
  g_assert_true (l4_picture_resize (&one, 11, 9, out_one, NULL));
  g_assert_cmpmem (out_one, 9 * 33, dense, 9 * 33);
}

/* Tiles -------------------------------------------------------------------------------------------------------------------- */

/* A picture that needs no resizing: every sample must come out in its place, and black right of it and below. */
static void
test_tiles (void)
{
  enum
  { WIDTH = 7, HEIGHT = 6, SIDE = 4 };
  g_autofree guint8 *pixels = g_malloc (3 * WIDTH * HEIGHT);
  L4Picture picture = picture_of (pixels, WIDTH, HEIGHT);
  g_autofree float *tiles = NULL;
  L4Canvas canvas;

  for (guint i = 0; i < 3 * WIDTH * HEIGHT; i++)
    pixels[i] = (guint8) (i + 1);
  tiles = prepare (&small, 4, &picture, &canvas);
  assert_canvas (&canvas, &(CanvasCase) {0, 0, 2, 2, HEIGHT, WIDTH, 5});
  for (guint y = 0; y < 2 * SIDE; y++) {
    for (guint x = 0; x < 2 * SIDE; x++) {
      for (guint c = 0; c < 3; c++) {
        guint tile = y / SIDE * 2 + x / SIDE;
        int expected = x < WIDTH && y < HEIGHT ? pixels[(y * WIDTH + x) * 3 + c] : 0;

        g_assert_cmpint (sample_of (tiles[((tile * 3 + c) * SIDE + y % SIDE) * SIDE + x % SIDE]), ==, expected);
      }
    }
  }
}

/* The overview comes last and is the whole picture, pressed into a square. */
static void
test_overview (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  g_autofree guint8 *pixels = random_pixels (random, 3 * 11 * 5);
  L4Picture picture = picture_of (pixels, 11, 5);
  guint8 pressed[3 * 4 * 4];
  L4Canvas canvas;
  g_autofree float *tiles = prepare (&small, 4, &picture, &canvas);
  const float *overview = tiles + (canvas.n_tiles - 1) * 48;

  g_assert_cmpuint (canvas.n_tiles, ==, canvas.grid.rows * canvas.grid.cols + 1);
  g_assert_true (l4_picture_resize (&picture, 4, 4, pressed, NULL));
  for (guint i = 0; i < 16; i++)
    for (guint c = 0; c < 3; c++)
      g_assert_cmpint (sample_of (overview[c * 16 + i]), ==, pressed[i * 3 + c]);
}

static void
test_extreme_sizes (void)
{
  static const guint sizes[][2] = { {1, 1}, {65535, 1}, {1, 65535}, {2, 65535}, {32767, 2}, {46341, 3}, {1, 337} };
  g_autoptr (GRand) random = g_rand_new_with_seed (6);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree guint8 *pixels = random_pixels (random, (gsize) 3 * sizes[i][0] * sizes[i][1]);
    L4Picture picture = picture_of (pixels, sizes[i][0], sizes[i][1]);
    L4Canvas canvas;
    g_autofree float *tiles = prepare (&published, 16, &picture, &canvas);

    for (gsize k = 0; k < (gsize) canvas.n_tiles * 3 * 336 * 336; k += 997)
      sample_of (tiles[k]);
  }
}

static void
test_random_sizes (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint i = 0; i < 300; i++) {
    guint width = g_rand_int_range (random, 1, 200), height = g_rand_int_range (random, 1, 200);
    gsize stride = 3 * width + g_rand_int_range (random, 0, 9);
    g_autofree guint8 *pixels = random_pixels (random, (height - 1) * stride + 3 * width);
    L4Picture picture = {.pixels = pixels,.width = width,.height = height,.stride = stride };
    L4Canvas canvas;
    g_autofree float *tiles = prepare (&small, g_rand_int_range (random, 1, 5), &picture, &canvas);

    for (gsize k = 0; k < (gsize) canvas.n_tiles * 48; k++)
      sample_of (tiles[k]);
  }
}

static void
test_unusable_pictures (void)
{
  static const guint8 pixel[3];
  static const L4Picture pictures[] = {
    {.pixels = NULL,.width = 1,.height = 1,.stride = 3}, {.pixels = pixel,.width = 0,.height = 1,.stride = 3},
    {.pixels = pixel,.width = 1,.height = 0,.stride = 3}, {.pixels = pixel,.width = 65536,.height = 1,.stride = 3 * 65536},
    {.pixels = pixel,.width = 1,.height = G_MAXUINT,.stride = 3}, {.pixels = pixel,.width = 1,.height = 1,.stride = 2},
    {.pixels = pixel,.width = 65535,.height = 1,.stride = 3 * 65535 - 1},
  };
  float tile[48];
  L4Canvas canvas;

  l4_canvas_choose (&small, 1, 1, 1, &canvas);
  for (gsize i = 0; i < G_N_ELEMENTS (pictures); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (l4_picture_prepare (&small, &canvas, &pictures[i], tile, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  }
}

/* Against the reference ----------------------------------------------------------------------------------------------------- */

/* All pictures of a case, against its pixel_values: the filter's rounding may differ by one step of 8 bits. */
static void
compare_case (const char *folder)
{
  g_autofree char *pixels_path = g_build_filename (folder, "expected", "pixel_values.npy", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Config) config = l4_config_load_folder (folder, &error);
  g_auto (L4Npy) expected = { 0 };
  gsize tile_size, at = 0, n_off = 0;

  g_assert_no_error (error);
  l4_npy_load (pixels_path, &expected, &error);
  g_assert_no_error (error);
  g_assert_cmpint (expected.type, ==, L4_NPY_FLOAT32);
  tile_size = (gsize) 3 * config->vision.image_size * config->vision.image_size;

  for (guint i = 0; at < expected.n_elements; i++) {
    g_autofree char *name = g_strdup_printf ("image-%u.ppm", i);
    g_autofree char *path = g_build_filename (folder, "expected", name, NULL);
    g_autofree guint8 *pixels = NULL;
    g_autofree float *tiles = NULL;
    guint width, height;
    L4Picture picture;
    L4Canvas canvas;

    l4_ppm_load (path, &width, &height, &pixels, &error);
    g_assert_no_error (error);
    picture = picture_of (pixels, width, height);
    tiles = prepare (&config->vision, (guint) config->vision.max_patches, &picture, &canvas);
    g_assert_cmpuint (at + canvas.n_tiles * tile_size, <=, expected.n_elements);
    for (gsize k = 0; k < canvas.n_tiles * tile_size; k++, at++) {
      int difference = sample_of (tiles[k]) - sample_of (((const float *) expected.data)[at]);

      g_assert_cmpint (ABS (difference), <=, 1);
      n_off += difference != 0;
    }
  }
  g_test_message ("%s: %zu samples, %zu one step off", folder, expected.n_elements, n_off);
  g_assert_cmpuint (n_off, <=, expected.n_elements / 50);
}

static void
test_reference_pixels (void)
{
  g_autofree char *root = g_test_build_filename (G_TEST_DIST, "golden", NULL);
  g_autoptr (GDir) cases = g_dir_open (root, 0, NULL);
  const char *name;
  guint n = 0;

  while (cases != NULL && (name = g_dir_read_name (cases)) != NULL) {
    g_autofree char *folder = g_build_filename (root, name, NULL);
    g_autofree char *pixels = g_build_filename (folder, "expected", "pixel_values.npy", NULL);
    g_autofree char *settings = g_build_filename (folder, "config.json", NULL);

    if (!g_file_test (pixels, G_FILE_TEST_EXISTS) || !g_file_test (settings, G_FILE_TEST_EXISTS))
      continue;
    compare_case (folder);
    n++;
  }
  g_assert_cmpuint (n, >=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/normalisation-is-the-reference's-bf16-arithmetic", test_normalisation);
  g_test_add_func ("/picture/canvas/is-the-reference's-choice", test_canvases);
  g_test_add_func ("/picture/canvas/one-tile-holds-the-whole-picture", test_one_tile);
  g_test_add_func ("/picture/canvas/may-be-filled-to-the-largest", test_to_max_canvas);
  g_test_add_func ("/picture/canvas/holds-20000-random-sizes", test_canvas_properties);
  g_test_add_func ("/picture/canvas/max-tiles-is-clamped", test_max_tiles_is_clamped);
  g_test_add_func ("/picture/resize/is-the-triangle-filter", test_resize);
  g_test_add_func ("/picture/resize/rounds-after-each-pass-columns-first", test_passes_are_rounded);
  g_test_add_func ("/picture/resize/same-size-is-a-copy", test_same_size);
  g_test_add_func ("/picture/resize/one-colour-stays", test_one_colour);
  g_test_add_func ("/picture/resize/bytes-between-rows-are-not-seen", test_stride);
  g_test_add_func ("/picture/tiles/are-cut-row-by-row-with-black-right-and-below", test_tiles);
  g_test_add_func ("/picture/tiles/overview-comes-last", test_overview);
  g_test_add_func ("/picture/tiles/extreme-sizes-are-fine", test_extreme_sizes);
  g_test_add_func ("/picture/tiles/random-sizes-and-strides-are-fine", test_random_sizes);
  g_test_add_func ("/picture/unusable-pictures-are-refused", test_unusable_pictures);
  g_test_add_func ("/picture/pixel-values-are-the-reference's", test_reference_pixels);
  return g_test_run ();
}
