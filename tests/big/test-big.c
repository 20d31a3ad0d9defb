/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of the published shapes answer, in the memory that plan says. L4_BIG=1: four layers and the whole vision part. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/folder.h"
#include "support/program.h"

#define GIB 1073741824.0
#define MARGIN 0.05             /* of what plan says */
#define SPECIAL 2048            /* tokens of a tokenizer.model beyond those in the file */
#define GENERATED 4

/* A model of which there are only the shape and random weights. */
typedef struct
{
  const char *shape, *type;
  guint layers, vocabulary;     /* vocabulary: with special tokens */
  double decoder, projector;    /* GB of the files; 0: without pictures */
  guint width, height;          /* of the picture */
  guint tiles;                  /* most it may be split into */
  guint picture_tokens;         /* that it becomes in the prompt */
} Model;

/* What a run of the program took. */
typedef struct
{
  char *output;
  double peak;                  /* GiB resident at most */
  double anonymous, file;       /* GiB of these at most */
} Run;

static void
run_clear (Run *self)
{
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* Where the files are made: not in a temporary folder, which may be memory. What a killed run left there goes. (transfer full) */
static Folder *
new_folder (void)
{
  const char *path = g_getenv ("L4_BIG_FOLDER");

  folder_free (g_strdup (path));
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  return g_strdup (path);
}

/* The figure after key in /proc/PID/status, at least what is in *most already. */
static void
take_most (const char *status, const char *key, double *most)
{
  const char *at = strstr (status, key);

  if (at != NULL)
    *most = MAX (*most, g_ascii_strtod (at + strlen (key), NULL) * 1024 / GIB);
}

/* Runs `llama4 ARGUMENTS` to a good end and watches what it takes. */
static void
watch (const Folder *folder, const char *arguments, Run *result)
{
  g_autofree char *program = g_shell_quote (g_getenv ("LLAMA4")), *line = g_strconcat (program, " ", arguments, NULL);
  g_autofree char *path = NULL, *proc = NULL;
  g_auto (GStrv) argv = NULL;
  struct rusage usage;
  GPid child;
  int output, status;

  g_test_message ("llama4 %s", arguments);
  path = g_build_filename (folder, "output", NULL);
  output = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_assert_true (g_spawn_async_with_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child, -1, output, output,
          NULL));
  close (output);
  proc = g_strdup_printf ("/proc/%d/status", child);
  *result = (Run) { 0 };
  while (wait4 (child, &status, WNOHANG, &usage) == 0) {
    g_autofree char *text = NULL;

    if (g_file_get_contents (proc, &text, NULL, NULL)) {
      take_most (text, "RssAnon:", &result->anonymous);
      take_most (text, "RssFile:", &result->file);
    }
    g_usleep (5000);
  }
  result->peak = usage.ru_maxrss * 1024.0 / GIB;
  g_assert_true (g_file_get_contents (path, &result->output, NULL, NULL));
  g_unlink (path);
  if (status != 0)
    g_error ("llama4 %s: %s", arguments, result->output);
}

/* What plan says of a model with that context, in GiB: read, and mapped. */
static void
get_plan (const char *model, guint context, double *read, double *mapped)
{
  g_autofree char *arguments = g_strdup_printf ("plan %s --context %u", model, context), *out = NULL, *err = NULL;
  const char *line, *map_line;

  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  line = strstr (out, "needed for ");
  map_line = strstr (out, "needed with --load map: ");
  g_assert_true (line != NULL && sscanf (line, "needed for %*u tokens: %lf GiB", read) == 1);
  g_assert_true (map_line != NULL && sscanf (map_line, "needed with --load map: %lf GiB", mapped) == 1);
}

/* The model's answer to the rest of the arguments; it must take what plan says. Mapped if map, or if it would not fit
 * otherwise. Returns the tokens of the prompt. */
static guint
answer (const Folder *folder, const char *model, gboolean map, const char *rest)
{
  g_autofree char *inspect = g_strconcat ("inspect ", model, NULL), *arguments = NULL;
  g_auto (Run) result = { 0 }, program = { 0 };
  double read, mapped, planned, measured;
  const char *tokens;
  guint prompt, generated;

  get_plan (model, 4096, &read, &mapped);
  if (!map && read > l4_memory_available () / GIB) {
    g_test_message ("%.1f GiB are needed, %.1f are free: mapped", read, l4_memory_available () / GIB);
    map = TRUE;
  }
  arguments = g_strdup_printf ("run %s --json --load %s --max-tokens %d %s", model, map ? "map" : "read", GENERATED, rest);
  watch (folder, arguments, &result);
  tokens = strstr (result.output, "\"tokens\":");
  g_assert_true (tokens != NULL && sscanf (tokens, "\"tokens\":{\"prompt\":%u,\"generated\":%u", &prompt, &generated) == 2);
  g_assert_cmpuint (generated, ==, GENERATED);
  get_plan (model, prompt + GENERATED, &read, &mapped);
  watch (folder, inspect, &program);    /* the pages of libraries cannot be told from those of a mapped model */
  planned = map ? mapped : read;
  measured = map ? result.anonymous + program.file : result.peak;
  g_test_message ("%u tokens %s: %.3f GiB planned, %.3f measured (%+.1f %%)", prompt, map ? "mapped" : "read", planned,
      measured, 100 * (measured / planned - 1));
  g_assert_cmpfloat_with_epsilon (measured / planned, 1, MARGIN);
  return prompt;
}

/* Where the text of an answer's record begins. */
static const char *
text_of (const Run *result)
{
  const char *at = strstr (result->output, "\"text\":");

  g_assert_nonnull (at);
  return at;
}

/* The model, its experts streamed, says what it says mapped, and the limit holds. */
static void
stream_within (const Folder *folder, const char *model, double limit, const char *rest, const Run *expected)
{
  g_autofree char *arguments =
      g_strdup_printf ("run %s --json --load stream --memory-limit %.0f --max-tokens %d %s", model, limit * GIB, GENERATED, rest);
  const char *text = text_of (expected), *end = strstr (text, "\"model\":");
  g_auto (Run) streamed = { 0 };

  watch (folder, arguments, &streamed);
  g_test_message ("limit %.3f GiB, %.3f measured", limit, streamed.anonymous);
  g_assert_cmpfloat (streamed.anonymous, <=, 1.03 * limit);
  g_assert_nonnull (end);
  g_assert_cmpmem (text_of (&streamed), MIN (strlen (text_of (&streamed)), (gsize) (end - text)), text, (gsize) (end - text));
}

/* The limit is a quarter of the file's size where that is enough for what every token needs. Experts come from the file, and then from one of
 * repacked ones. */
static void
stream (const Folder *folder, const char *model, const char *rest)
{
  g_autofree char *plan = g_strdup_printf ("plan %s", model), *repack = g_strdup_printf ("convert --stream %s", model), *out = NULL, *err = NULL;
  g_autofree char *mapped = g_strdup_printf ("run %s --json --load map --max-tokens %d %s", model, GENERATED, rest), *repacked = NULL;
  g_auto (Run) expected = { 0 }, converted = { 0 };
  const char *line;
  GStatBuf file;
  double least, limit;

  g_assert_cmpint (run (plan, NULL, &out, &err), ==, 0);
  line = strstr (out, "with --load stream: ");
  g_assert_true (line != NULL && sscanf (line, "with --load stream: %lf GiB", &least) == 1);
  g_assert_cmpint (g_stat (model, &file), ==, 0);
  limit = MAX (file.st_size / 4 / GIB, least + 0.3);
  watch (folder, mapped, &expected);
  stream_within (folder, model, limit, rest, &expected);
  watch (folder, repack, &converted);
  stream_within (folder, model, limit, rest, &expected);
  repacked = g_strconcat (model, ".experts", NULL);
  g_assert_cmpint (g_unlink (repacked), ==, 0);
}

/* A tokenizer.model of n tokens: every byte, pairs of bytes, and what begins with a pair. (transfer full) */
static char *
write_vocabulary (const Folder *folder, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint id = 0; id < n; id++) {
    guint i = id - 256, j = i - 65536;
    const guint8 one[] = { (guint8) id }, two[] = { (guint8) (i >> 8), (guint8) i };
    const guint8 three[] = { (guint8) ('a' + (j >> 16)), (guint8) (j >> 8), (guint8) j };
    g_autofree char *base64 = id < 256 ? g_base64_encode (one, 1) : i < 65536 ? g_base64_encode (two, 2)
        : g_base64_encode (three, 3);

    g_string_append_printf (text, "%s %u\n", base64, id);
  }
  return folder_write (folder, "tokenizer.model", text->str, (gssize) text->len);
}

/* (transfer full) */
static char *
write_picture (const Folder *folder, guint width, guint height)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autofree char *header = g_strdup_printf ("P6\n%u %u\n255\n", width, height);

  g_byte_array_append (file, (const guint8 *) header, (guint) strlen (header));
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      g_byte_array_append (file, (const guint8[]) { (guint8) x, (guint8) (x * y / 977), (guint8) (x + y) }, 3);
  return folder_write (folder, "picture.ppm", file->data, file->len);
}

static void
synthesise (const char *what, const char *path, const char *rest)
{
  g_autofree char *arguments = g_strdup_printf ("synth %s %s %s", what, path, rest), *out = NULL, *err = NULL;

  g_test_message ("llama4 %s", arguments);
  if (run (arguments, NULL, &out, &err) != 0)
    g_error ("llama4 %s: %s", arguments, err);
}

/* Skips where the disk is too small for the files, or the memory for what a mapped model needs beside its file. */
static gboolean
is_too_large (const Folder *folder, const Model *model)
{
  struct statvfs disk;
  double needed = 2 * model->decoder + model->projector + 0.1, available;       /* experts once more */
  g_autofree char *reason = NULL;

  g_assert_cmpint (statvfs (folder, &disk), ==, 0);
  available = (double) disk.f_bavail * disk.f_frsize / 1e9;
  if (needed > available)
    reason = g_strdup_printf ("%s needs %.1f GB of disk, %.1f are free", model->shape, needed, available);
  else if (l4_memory_available () < 3 * GIB)
    reason = g_strdup_printf ("%.1f GiB of memory are too little", l4_memory_available () / GIB);
  if (reason != NULL)
    g_test_skip (reason);
  return reason != NULL;
}

static void
answer_with_picture (const Folder *folder, const Model *model, const char *path, guint text_tokens)
{
  g_autofree char *picture = write_picture (folder, model->width, model->height);
  g_autofree char *projector = g_build_filename (folder, "mmproj.gguf", NULL);
  g_autofree char *rest = g_strdup_printf ("--image %s --tiles %u hello", picture, model->tiles);

  synthesise (model->shape, projector, "--projector");
  g_assert_cmpuint (answer (folder, path, FALSE, rest), ==, text_tokens + model->picture_tokens);
}

static void
test_model (gconstpointer data)
{
  const Model *model = data;
  g_autoptr (Folder) folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "model.gguf", NULL), *tokenizer = NULL, *rest = NULL;
  g_autofree char *words = g_strnfill (2000, 'x');
  guint text_tokens;

  if (is_too_large (folder, model))
    return;
  tokenizer = write_vocabulary (folder, model->vocabulary - SPECIAL);
  rest = g_strdup_printf ("--layers %u --type %s --tokenizer %s", model->layers, model->type, tokenizer);
  synthesise (model->shape, path, rest);
  text_tokens = answer (folder, path, FALSE, "hello");
  g_assert_cmpuint (answer (folder, path, TRUE, words), >, 500);
  stream (folder, path, words);
  if (model->projector > 0)
    answer_with_picture (folder, model, path, text_tokens);
}

/* 1920 x 1080 becomes 3 x 5 tiles and an overview, 1344 x 1344 the most that there are: 4 x 4 and one. */
static const Model short_model = { "scout", "Q4_0", 1, 16384, 1.4, 0, 0, 0, 0, 0 };

static const Model models[] = {
  {"scout", "Q4_0", 4, 202048, 6.2, 1.8, 1920, 1080, 16, 2322},
  {"scout", "Q4_K", 4, 202048, 6.2, 1.8, 1344, 1344, 16, 2467},
  {"maverick", "Q4_0", 4, 202048, 20, 1.8, 1920, 1080, 1, 147},
  {"maverick", "Q4_K", 4, 202048, 20, 1.8, 1920, 1080, 1, 147},
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("MALLOC_PERTURB_");       /* meson's: memory that is not used would be touched */
  if (g_getenv ("L4_BIG") == NULL) {
    g_test_add_data_func ("/big/a-layer-of-scout-answers-in-the-memory-planned", &short_model, test_model);
    return g_test_run ();
  }
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree char *name = g_strdup_printf ("/big/%u-layers-of-%s-in-%s-answer-in-the-memory-planned", models[i].layers,
        models[i].shape, models[i].type);

    g_test_add_data_func (name, &models[i], test_model);
  }
  return g_test_run ();
}
