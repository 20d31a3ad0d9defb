/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 synth: random weights of a model's shape, straight to a GGUF file. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "blocks/quantise.h"
#include "cli/cli.h"
#include "cli/shape.h"
#include "convert/describe.h"
#include "tokenizer/tokenizer.h"
#include "weights/layout.h"

#define DEVIATION 0.02          /* of the weights */
#define POOL ((gsize) 1 << 21)  /* weights that are drawn and quantised once for each type */
#define LONGEST_RUN 2048        /* weights that are copied from it at a time; a multiple of every block */
#define CODES "IQ2_XXS|IQ2_XS|IQ2_S|IQ3_XXS|IQ3_S|IQ1_S|IQ1_M|TQ1_0|TQ2_0|MXFP4"
#define AT_ONCE ((gsize) 8 << 20)       /* bytes */
#define UNSAID G_MININT         /* of --layers and --vocab: as the shape has them */

typedef struct
{
  guint64 random;               /* state */
  guint8 *pools[L4_N_TYPES];    /* POOL weights of that type, or NULL */
  guint8 *buffer;               /* AT_ONCE bytes */
} Synth;

static void
synth_clear (Synth *self)
{
  for (guint i = 0; i < L4_N_TYPES; i++)
    g_free (self->pools[i]);
  g_free (self->buffer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Synth, synth_clear)

/* splitmix64 */
static guint64
draw (Synth *self)
{
  guint64 z = self->random += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* The sum of four even numbers is near enough to a normal one, and its mean is exactly 0: with another mean all hidden states
 * would point the same way and all tokens would go to the same few experts. */
static float
draw_weight (Synth *self)
{
  guint64 bits = draw (self);
  gint sum = 0;

  for (guint i = 0; i < 4; i++)
    sum += (gint) (bits >> 16 * i & 0xffff);
  return (float) ((sum - 2 * 65535) / 65536.0 / sqrt (4 / 12.0) * DEVIATION);
}

/* Types that stand in codebooks: every bit pattern is a block, so that random ones will do, with one scale in all. */
static gboolean
is_code (L4Type type)
{
  return type >= L4_TYPE_IQ2_XXS && type <= L4_TYPE_MXFP4;
}

static void
set_scale (L4Type type, guint8 *block, float scale)
{
  guint16 half = l4_half_from_float (scale);

  if (type == L4_TYPE_MXFP4)
    block[0] = (guint8) (128 + ilogbf (scale));
  else if (type == L4_TYPE_IQ1_M)       /* in the upper four bits of four words */
    for (guint i = 0; i < 4; i++)
      block[49 + 2 * i] = (guint8) ((block[49 + 2 * i] & 15) | (half >> (4 * i) & 15) << 4);
  else {
    guint8 *at = block + (type == L4_TYPE_TQ1_0 ? 52 : type == L4_TYPE_TQ2_0 ? 64 : 0);

    at[0] = half & 255;
    at[1] = half >> 8;
  }
}

static void
draw_codes (Synth *self, L4Type type, guint8 *blocks, gsize bytes)
{
  const L4TypeInfo *info = l4_type_info (type);
  float weights[256], scale = 1;
  double squares = 0;

  for (gsize i = 0; i < bytes; i++)
    blocks[i] = draw (self) & 255;
  for (guint pass = 0; pass < 2; pass++) {
    for (gsize at = 0; at < bytes; at += info->block_bytes)
      set_scale (type, blocks + at, scale);
    l4_type_to_float (type, blocks, info->block_elements, weights);
    for (guint i = 0; i < info->block_elements; i++)
      squares += pass == 0 ? weights[i] * weights[i] : 0;
    scale = (float) (DEVIATION / sqrt (squares / info->block_elements));
  }
}

static const guint8 *
pool_of (Synth *self, L4Type type)
{
  gsize bytes;

  if (self->pools[type] == NULL && l4_type_bytes (type, POOL, &bytes)) {
    g_autofree float *weights = g_new (float, POOL);

    for (gsize i = 0; i < POOL; i++)
      weights[i] = draw_weight (self);
    self->pools[type] = g_malloc (bytes);
    if (is_code (type))
      draw_codes (self, type, self->pools[type], bytes);
    else
      l4_quantise (type, weights, POOL, self->pools[type]);
  }
  return self->pools[type];
}

/* n weights of tensor number index, made of pieces of the pool of random lengths from random places. */
static gboolean
write_weights (Synth *self, L4GgufWriter *writer, guint index, L4Type type, gsize n, GError **error)
{
  const L4TypeInfo *info = l4_type_info (type);
  const guint8 *pool = pool_of (self, type);
  const gsize unit = MAX (info->block_elements, 256), unit_bytes = unit / info->block_elements * info->block_bytes;
  gsize filled = 0;
  guint64 offset = 0;

  while (n > 0) {
    guint64 bits = draw (self);
    gsize run = MIN (n, unit * (1 + bits % (LONGEST_RUN / unit))), bytes = run / info->block_elements * info->block_bytes;
    gsize from = (bits >> 16) % ((POOL - LONGEST_RUN) / unit) * unit_bytes;

    memcpy (self->buffer + filled, pool + from, bytes);
    filled += bytes;
    n -= run;
    if (n == 0 || filled > AT_ONCE - LONGEST_RUN * sizeof (float)) {
      if (!l4_gguf_writer_write (writer, index, offset, self->buffer, filled, error))
        return FALSE;
      offset += filled;
      filled = 0;
    }
  }
  return TRUE;
}

/* Vectors: 1 for weights of norms, 0 for biases. */
static gboolean
write_vector (const L4LayoutTensor *tensor, guint index, const L4TextConfig *config, L4GgufWriter *writer, GError **error)
{
  g_autofree float *values = g_new0 (float, tensor->n_elements);

  if (tensor->kind == L4_LAYOUT_ROPE)
    l4_layout_rope_divisors (&config->rope, tensor->dims[0], values);
  else
    for (gsize i = 0; g_str_has_suffix (tensor->name, ".weight") && i < tensor->n_elements; i++)
      values[i] = 1;
  return l4_gguf_writer_write (writer, index, 0, values, tensor->n_elements * sizeof *values, error);
}

static gboolean
write_tensors (Synth *self, const L4TextConfig *config, GArray *layout, L4Type type, L4GgufWriter *writer, GError **error)
{
  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = &g_array_index (layout, L4LayoutTensor, i);

    if (tensor->n_dims == 1 ? !write_vector (tensor, i, config, writer, error)
        : !write_weights (self, writer, i, l4_layout_type (tensor, type), tensor->n_elements, error))
      return FALSE;
  }
  return TRUE;
}

/* The command ---------------------------------------------------------------------------------------------------------- */

static struct
{
  gint layers, vocab;
  gint64 seed;
  char *type, *tokenizer;
  gboolean projector;
} options = {.layers = UNSAID,.vocab = UNSAID };

static const GOptionEntry entries[] = {
  {"layers", 0, 0, G_OPTION_ARG_INT, &options.layers, N_("Layers of the decoder (those of the shape)"), "N"},
  {"vocab", 0, 0, G_OPTION_ARG_INT, &options.vocab, N_("Size of the vocabulary (that of the shape)"), "N"},
  {"type", 0, 0, G_OPTION_ARG_FILENAME, &options.type, N_("Type of the weights (Q4_0; F16 for --projector)"), L4_CLI_WRITTEN_TYPES "|" CODES},
  {"tokenizer", 0, 0, G_OPTION_ARG_FILENAME, &options.tokenizer, N_("Vocabulary to copy in, so that the model can be run"), "MODEL"},
  {"seed", 0, 0, G_OPTION_ARG_INT64, &options.seed, N_("Start of the random numbers (0)"), "N"},
  {"projector", 0, 0, G_OPTION_ARG_NONE, &options.projector, N_("Write the file of the vision part instead"), NULL},
  {NULL}
};

static gboolean
check_options (char **arguments, GError **error)
{
  if (g_strv_length (arguments) != 2)
    return l4_fail (error, L4_ERROR_INPUT, _("synth needs a shape and the name of the file to write"));
  if (options.layers != UNSAID && (options.layers < 1 || options.layers > 1024))
    return l4_fail (error, L4_ERROR_INPUT, _("--layers %d: must be 1 to 1024"), options.layers);
  if (options.vocab != UNSAID && (options.vocab < 1 || options.vocab > 1 << 24))
    return l4_fail (error, L4_ERROR_INPUT, _("--vocab %d: must be 1 to %d"), options.vocab, 1 << 24);
  return TRUE;
}

/* What --layers, --vocab and --tokenizer change; a vocabulary that is copied in makes the model's as large as itself. */
static gboolean
change_shape (L4Config *config, L4Tokenizer **tokenizer, GError **error)
{
  gint64 size = 0;

  if (options.layers > 0)
    l4_cli_set_layers (&config->text, options.layers);
  if (options.tokenizer != NULL) {
    *tokenizer = l4_tokenizer_load (options.tokenizer, error);
    if (*tokenizer == NULL)
      return FALSE;
    size = l4_tokenizer_get_size (*tokenizer);
    config->bos_token = l4_tokenizer_find_special (*tokenizer, "<|begin_of_text|>");
    config->pad_token = -1;
    config->n_stop_tokens = 0;
  }
  if (options.vocab > 0 && options.vocab < size)
    return l4_fail (error, L4_ERROR_INPUT, _("--vocab %d: %s has %" PRId64 " ids"), options.vocab, options.tokenizer, size);
  if (options.vocab > 0 || size > 0)
    config->text.vocab = options.vocab > 0 ? options.vocab : size;
  return TRUE;
}

static void
put_vocabulary (const L4Config *config, const L4Tokenizer *tokenizer, L4GgufWriter *writer)
{
  if (tokenizer != NULL)
    l4_tokenizer_put (tokenizer, config, writer);
  else
    l4_gguf_writer_put_string (writer, "tokenizer.ggml.model", "none");
}

static gboolean
write_file (const L4Config *config, const L4Tokenizer *tokenizer, const char *shape, L4Type type,
    const char *path, GError **error)
{
  g_autoptr (L4GgufWriter) writer = NULL;
  g_autoptr (GArray) layout = NULL;
  g_auto (Synth) synth = {.random = (guint64) options.seed,.buffer = g_malloc (AT_ONCE) };

  if (options.projector && !config->has_vision)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: has no vision part"), shape);
  if ((writer = l4_gguf_writer_new (path, error)) == NULL)
    return FALSE;
  if (options.projector) {
    layout = l4_layout_vision (&config->vision, config->text.hidden);
    l4_gguf_put_vision (writer, &config->vision, config->text.hidden, "random", type);
  } else {
    layout = l4_layout_text (&config->text, config->text_prefix);
    if (!l4_gguf_put_text (writer, &config->text, "random", type, shape, error))
      return FALSE;
    put_vocabulary (config, tokenizer, writer);
  }
  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = &g_array_index (layout, L4LayoutTensor, i);

    if (!l4_gguf_writer_add_tensor (writer, tensor->name, l4_layout_type (tensor, type), tensor->n_dims, tensor->dims, error))
      return FALSE;
  }
  return l4_gguf_writer_begin (writer, error) && write_tensors (&synth, &config->text, layout, type, writer, error)
      && l4_gguf_writer_finish (writer, error);
}

static gboolean
run (char **arguments, GError **error)
{
  g_autoptr (L4Config) config = NULL;
  g_autoptr (L4Tokenizer) tokenizer = NULL;
  L4Type type = l4_type_from_name (options.type != NULL ? options.type : options.projector ? "F16" : "Q4_0");

  if (!check_options (arguments, error) || (config = l4_cli_load_shape (arguments[0], NULL, error)) == NULL
      || !change_shape (config, &tokenizer, error))
    return FALSE;
  return write_file (config, tokenizer, arguments[0], type, arguments[1], error);
}

const L4Command l4_cli_synth = {
  .name = "synth",
  .usage = "scout|maverick|MODEL OUT.gguf",
  .description = N_("Writes random weights in the shape of a published model, or of any other: what such a model says means nothing, what it takes "
      "does. The file appears whole or not at all; one that is there is replaced."),
  .examples = N_("llama4 synth scout four-layers.gguf --layers 4 --tokenizer models/embedded  # Four layers of Scout, with a vocabulary.\n"
      "llama4 synth scout mmproj.gguf --projector  # Its vision part."),
  .entries = entries,
  .run = run,
};
