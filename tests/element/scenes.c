/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films made of numbers: shots of textured scenes under a moving camera, with cuts, fades, dissolves, flashes and large things that move. */

#include "scenes.h"

#include <math.h>
#include <string.h>

#define W FILM_WIDTH
#define H FILM_HEIGHT
#define CANVAS_W (2 * W)
#define CANVAS_H (2 * H)
#define MAX_FLASHES 2
#define MAX_THINGS 2

typedef enum
{
  CUT,
  DISSOLVE,
  FADE
} Transition;

/* Something large that moves; in parts of the picture, and of it a frame. */
typedef struct
{
  double x, y, width, height, dx, dy;
  gboolean is_round;
  guint32 seed;
} Thing;

typedef struct
{
  guint32 seed;
  guint kind, palette;
  guint first, n;               /* frames, those of the transition to the next one included */
  Transition transition;        /* from the one before */
  guint n_transition;           /* frames shared with the one before */
  double x, y, dx, dy;          /* camera, parts of the picture, and of it a frame */
  double scale, zoom;           /* canvas pixels a pixel, and by what that grows a frame */
  double shake;                 /* pixels */
  double light, dlight;         /* of all values, and by what it grows a frame */
  double noise;
  guint flashes[MAX_FLASHES], flash_lengths[MAX_FLASHES], n_flashes;
  Thing things[MAX_THINGS];
  guint n_things;
} Shot;

struct _Film
{
  GArray *shots;                /* of Shot */
  guint n_frames;
  guint8 *canvas[2][3];         /* of even and odd shots: Y, U, V of every pixel */
  guint on_canvas[2];           /* which shot */
};

/* Numbers ------------------------------------------------------------------------------------------------------------------ */

static guint32
hash (guint32 a, guint32 b, guint32 c)
{
  guint32 h = a * 0x9e3779b1u ^ b * 0x85ebca77u ^ c * 0xc2b2ae3du;

  h = (h ^ h >> 15) * 0x2c1b3c6du;
  h = (h ^ h >> 12) * 0x297a2d39u;
  return h ^ h >> 15;
}

static double
number (guint32 a, guint32 b, guint32 c)        /* 0 … 1 */
{
  return hash (a, b, c) / 4294967296.0;
}

static double
smooth_noise (guint32 seed, double x, double y)
{
  gint i = (gint) floor (x), j = (gint) floor (y);
  double u = x - i, v = y - j, above, below;

  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  above = number (seed, i, j) * (1 - u) + number (seed, i + 1, j) * u;
  below = number (seed, i, j + 1) * (1 - u) + number (seed, i + 1, j + 1) * u;
  return above * (1 - v) + below * v;
}

/* Clouds: the less rough, the smoother. */
static double
fractal (guint32 seed, double x, double y, double rough)
{
  double sum = 0, weight = 1, total = 0;

  for (guint octave = 0; octave < 5; octave++, weight *= rough, x *= 2, y *= 2) {
    sum += weight * smooth_noise (seed + octave, x, y);
    total += weight;
  }
  return sum / total;
}

/* Scenes ------------------------------------------------------------------------------------------------------------------- */

/* Few, so that scenes share their colours: luma, U and V at four stops. */
static const guint8 palettes[][4][3] = {
  {{30, 120, 140}, {90, 110, 150}, {160, 105, 140}, {225, 115, 132}},
  {{20, 135, 120}, {80, 140, 115}, {150, 150, 110}, {230, 132, 124}},
  {{25, 120, 122}, {75, 108, 118}, {140, 100, 115}, {210, 112, 124}},
  {{16, 128, 128}, {90, 128, 128}, {160, 128, 128}, {235, 128, 128}},
  {{40, 118, 150}, {110, 100, 165}, {170, 90, 150}, {220, 110, 138}},
  {{18, 132, 126}, {40, 134, 124}, {65, 136, 122}, {95, 132, 126}},
};

static void
colour (guint palette, double value, guint8 pixel[3])
{
  double at = CLAMP (value, 0, 0.9999) * 3;
  guint stop = (guint) at;

  for (guint c = 0; c < 3; c++)
    pixel[c] = palettes[palette][stop][c] * (1 - (at - stop)) + palettes[palette][stop + 1][c] * (at - stop);
}

static double
clouds (const Shot * shot, double x, double y)
{
  double size = 2 + 8 * number (shot->seed, 1, 1);

  return fractal (shot->seed, x * size, y * size, 0.4 + 0.35 * number (shot->seed, 1, 2)) * 1.6 - 0.3;
}

static double
hills (const Shot * shot, double x, double y)
{
  for (guint i = 3; i > 0; i--)
    if (y > 0.85 - 0.2 * i + 0.25 * fractal (shot->seed + i, x * (2 + i), i, 0.5))
      return 0.15 + 0.2 * (4 - i) * 0.5 + 0.35 * fractal (shot->seed + 20 + i, x * 14, y * 18, 0.65) - 0.1;
  return 0.75 + 0.25 * (1 - y) + 0.1 * fractal (shot->seed + 9, x * 4, y * 6, 0.5);
}

static double
houses (const Shot * shot, double x, double y)
{
  guint column = (guint) (x * (5 + shot->seed % 5)), window_x = (guint) (x * 60), window_y = (guint) (y * 40);
  double top = 0.15 + 0.5 * number (shot->seed, column, 7), shade = 0.2 + 0.5 * number (shot->seed, column, 8);

  if (y < top)
    return 0.8 + 0.2 * fractal (shot->seed, x * 3, y * 3, 0.5);
  if (window_x % 2 == 1 && window_y % 2 == 1)
    return number (shot->seed, window_x, window_y) > 0.4 ? shade + 0.25 : shade - 0.2;
  return shade + 0.15 * fractal (shot->seed + 3, x * 30, y * 30, 0.6);
}

static double
mandelbrot (const Shot * shot, double x, double y)
{
  static const double places[][3] = { {-0.745, 0.11, 0.04}, {-1.25, 0.02, 0.1}, {0.28, 0.53, 0.05}, {-0.16, 1.03, 0.08}, {-0.1, 0.65, 0.3} };
  const double *place = places[shot->seed % G_N_ELEMENTS (places)];
  double a = place[0] + (x - 0.5) * place[2], b = place[1] + (y - 0.5) * place[2], u = 0, v = 0;
  guint i;

  for (i = 0; i < 60 && u * u + v * v < 4; i++) {
    double t = u * u - v * v + a;

    v = 2 * u * v + b;
    u = t;
  }
  return fmod (i * 0.07 + number (shot->seed, 4, 4), 1);
}

static double
mosaic (const Shot * shot, double x, double y)
{
  double size = 4 + 8 * number (shot->seed, 2, 1), best = 9, value = 0;
  gint i = (gint) floor (x * size), j = (gint) floor (y * size);

  for (gint k = 0; k < 9; k++) {
    gint a = i + k % 3 - 1, b = j + k / 3 - 1;
    double dx = a + number (shot->seed, a, b) - x * size, dy = b + number (shot->seed + 1, a, b) - y * size;

    if (dx * dx + dy * dy < best) {
      best = dx * dx + dy * dy;
      value = number (shot->seed + 2, a, b);
    }
  }
  return value * 0.85 + 0.2 * best;
}

static double
stripes (const Shot * shot, double x, double y)
{
  double angle = 3.14159 * number (shot->seed, 3, 1), n = 6 + 20 * number (shot->seed, 3, 2);
  double at = (x * cos (angle) + y * sin (angle)) * n;

  return 0.5 + 0.35 * sin (at + 2 * fractal (shot->seed, x * 3, y * 3, 0.5)) + 0.2 * fractal (shot->seed + 5, x * 20, y * 20, 0.6) - 0.1;
}

static double
discs (const Shot * shot, double x, double y)
{
  double value = 0.3 + 0.5 * (x * number (shot->seed, 5, 1) + y * number (shot->seed, 5, 2));

  for (guint i = 0; i < 7; i++) {
    double dx = x - number (shot->seed, 5, 10 + i), dy = y - number (shot->seed, 5, 20 + i), r = 0.05 + 0.15 * number (shot->seed, 5, 30 + i);

    if (dx * dx * 3 + dy * dy < r * r)
      value = number (shot->seed, 5, 40 + i);
  }
  return value;
}

static double
(*const scenes[]) (const Shot * shot, double x, double y) = { clouds, hills, houses, mandelbrot, mosaic, stripes, discs };

static void
paint (Film * self, guint index)
{
  const Shot *shot = &g_array_index (self->shots, Shot, index);

  if (self->on_canvas[index % 2] == index)
    return;
  self->on_canvas[index % 2] = index;
  for (guint y = 0; y < CANVAS_H; y++)
    for (guint x = 0; x < CANVAS_W; x++) {
      guint8 pixel[3];

      colour (shot->palette, scenes[shot->kind] (shot, (double) x / CANVAS_W, (double) y / CANVAS_H), pixel);
      for (guint c = 0; c < 3; c++)
        self->canvas[index % 2][c][y * CANVAS_W + x] = pixel[c];
    }
}

/* Shots --------------------------------------------------------------------------------------------------------------------- */

static void
plan_camera (Shot * shot, GRand * random, double speed)
{
  guint kind = g_rand_int_range (random, 0, 10);
  double angle = g_rand_double_range (random, 0, 6.2832), v = g_rand_double_range (random, 0.1, 1) * speed / FILM_FPS;

  shot->x = g_rand_double (random);
  shot->y = g_rand_double (random);
  shot->scale = g_rand_double_range (random, 0.6, 1.2);
  shot->zoom = 1;
  if (kind >= 3 && kind < 7) {
    shot->dx = v * cos (angle);
    shot->dy = v * sin (angle);
  }
  if (kind >= 6 && kind < 9)
    shot->zoom = pow (1 + speed * g_rand_double_range (random, 0.2, 0.8), (g_rand_boolean (random) ? 1.0 : -1.0) / FILM_FPS);
  if (kind == 2 || kind == 9)
    shot->shake = g_rand_double_range (random, 0.5, 3);
}

static void
plan_things (Shot * shot, GRand * random)
{
  shot->n_things = g_rand_int_range (random, 0, 10) < 4 ? g_rand_int_range (random, 1, MAX_THINGS + 1) : 0;
  for (guint i = 0; i < shot->n_things; i++) {
    gboolean right = g_rand_boolean (random);
    double v = g_rand_double_range (random, 0.1, 0.8) / FILM_FPS;

    shot->things[i] = (Thing) {
      .width = g_rand_double_range (random, 0.15, 0.4),.height = g_rand_double_range (random, 0.25, 0.7),
      .x = right ? g_rand_double_range (random, -0.6, 0.3) : g_rand_double_range (random, 0.7, 1.6),
      .y = g_rand_double_range (random, 0, 0.7),.dx = right ? v : -v,.dy = g_rand_double_range (random, -0.1, 0.1) / FILM_FPS,
      .is_round = g_rand_boolean (random),.seed = g_rand_int (random)
    };
  }
}

static void
plan_flashes (Shot * shot, GRand * random)
{
  for (guint i = 0; i < MAX_FLASHES && shot->n > 20 + shot->n_transition; i++)
    if (g_rand_int_range (random, 0, 6) == 0) {
      shot->flashes[shot->n_flashes] = g_rand_int_range (random, 4 + shot->n_transition, shot->n - 6);
      shot->flash_lengths[shot->n_flashes++] = g_rand_int_range (random, 1, 3);
    }
}

Film *
film_new (guint32 seed, guint n_cuts, guint shortest, guint longest, double speed)
{
  Film *self = g_new0 (Film, 1);
  GRand *random = g_rand_new_with_seed (seed);

  self->shots = g_array_new (FALSE, TRUE, sizeof (Shot));
  for (guint i = 0; i < 6; i++)
    self->canvas[i / 3][i % 3] = g_malloc (CANVAS_W * CANVAS_H);
  self->on_canvas[0] = self->on_canvas[1] = G_MAXUINT;
  for (guint cuts = 0; cuts <= n_cuts;) {
    gboolean first = self->shots->len == 0, soft = !first && g_rand_int_range (random, 0, 7) == 0;
    Shot shot = { 0 };

    shot.seed = g_rand_int (random);
    shot.kind = g_rand_int_range (random, 0, G_N_ELEMENTS (scenes));
    shot.palette = g_rand_int_range (random, 0, G_N_ELEMENTS (palettes));
    shot.n = g_rand_int_range (random, shortest, longest + 1);
    shot.transition = !soft ? CUT : g_rand_boolean (random) ? DISSOLVE : FADE;
    shot.n_transition = soft ? g_rand_int_range (random, 10, 31) : 0;
    shot.n += 2 * shot.n_transition;
    shot.light = g_rand_double_range (random, 0.85, 1.05);
    shot.dlight = g_rand_int_range (random, 0, 4) == 0 ? g_rand_double_range (random, -0.15, 0.15) / FILM_FPS : 0;
    shot.noise = g_rand_double_range (random, 0, 6);
    plan_camera (&shot, random, speed);
    plan_things (&shot, random);
    plan_flashes (&shot, random);
    if (!first) {
      Shot *before = &g_array_index (self->shots, Shot, self->shots->len - 1);

      before->n += shot.n_transition;
      shot.first = before->first + before->n - shot.n_transition;
    }
    self->n_frames = shot.first + shot.n;
    g_array_append_val (self->shots, shot);
    cuts += !soft;
  }
  g_rand_free (random);
  return self;
}

void
film_free (Film * self)
{
  for (guint i = 0; i < 6; i++)
    g_free (self->canvas[i / 3][i % 3]);
  g_array_unref (self->shots);
  g_free (self);
}

guint
film_n_frames (const Film * self)
{
  return self->n_frames;
}

/* Drawing --------------------------------------------------------------------------------------------------------------------- */

/* Back and forth over the canvas, which has no end. */
static guint
reflect (gint at, gint n)
{
  at = ABS (at) % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

static guint8
sample (const guint8 * canvas, double x, double y)
{
  gint i = (gint) floor (x), j = (gint) floor (y);
  guint u = (guint) ((x - i) * 16), v = (guint) ((y - j) * 16);
  const guint8 *above = canvas + reflect (j, CANVAS_H) * CANVAS_W, *below = canvas + reflect (j + 1, CANVAS_H) * CANVAS_W;
  guint left = reflect (i, CANVAS_W), right = reflect (i + 1, CANVAS_W);

  return ((above[left] * (16 - u) + above[right] * u) * (16 - v) + (below[left] * (16 - u) + below[right] * u) * v) >> 8;
}

static gboolean
is_in (const Thing * thing, guint frame, double x, double y)
{
  double u = (x - thing->x - thing->dx * frame) / thing->width, v = (y - thing->y - thing->dy * frame) / thing->height;

  if (thing->is_round)
    return (u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5) < 0.25;
  return u >= 0 && u < 1 && v >= 0 && v < 1;
}

static guint8
thing_pixel (const Thing * thing, guint frame, guint component, double x, double y)
{
  double u = x - thing->x - thing->dx * frame, v = y - thing->y - thing->dy * frame;

  if (component > 0)
    return 100 + hash (thing->seed, component, 0) % 56;
  return 40 + hash (thing->seed, 0, 0) % 120 + 60 * smooth_noise (thing->seed, u * 20, v * 20);
}

/* One component of a shot's frame, every `step` pixels. */
static void
draw_component (Film * self, guint index, guint frame, guint component, guint step, guint8 * out, gint stride)
{
  const Shot *shot = &g_array_index (self->shots, Shot, index);
  double scale = shot->scale * pow (shot->zoom, frame), shake_x = 0, shake_y = 0, light = shot->light + shot->dlight * frame;
  const guint8 *canvas = self->canvas[index % 2][component];

  if (shot->shake > 0) {
    shake_x = shot->shake * (smooth_noise (shot->seed, frame * 0.35, 1) - 0.5) * 4;
    shake_y = shot->shake * (smooth_noise (shot->seed, frame * 0.35, 50) - 0.5) * 4;
  }
  for (guint y = 0; y < H; y += step)
    for (guint x = 0; x < W; x += step) {
      double u = (gint) (x - W / 2) * scale + (shot->x + shot->dx * frame) * W + shake_x;
      double v = (gint) (y - H / 2) * scale + (shot->y + shot->dy * frame) * W + shake_y;
      gint value = sample (canvas, u, v);

      for (guint i = 0; i < shot->n_things; i++)
        if (is_in (&shot->things[i], frame, (double) x / W, (double) y / H))
          value = thing_pixel (&shot->things[i], frame, component, (double) x / W, (double) y / H);
      if (component == 0)
        value = value * light + shot->noise * ((gint) (hash (x, y, frame * 977 + shot->seed) % 256) - 128) / 128.0;
      out[y / step * stride + x / step] = CLAMP (value, 0, 255);
    }
}

static void
draw_shot (Film * self, guint index, guint frame, const GstVideoInfo * info, guint8 * out)
{
  paint (self, index);
  for (guint c = 0; c < 3; c++)
    draw_component (self, index, frame, c, c > 0 ? 2 : 1, out + GST_VIDEO_INFO_PLANE_OFFSET (info, c), GST_VIDEO_INFO_PLANE_STRIDE (info, c));
}

static gboolean
is_flashing (const Shot * shot, guint frame)
{
  for (guint i = 0; i < shot->n_flashes; i++)
    if (frame >= shot->flashes[i] && frame < shot->flashes[i] + shot->flash_lengths[i])
      return TRUE;
  return FALSE;
}

/* The frames of both, at a share of 0 to 1; a fade goes through black. */
static void
mix (guint8 * out, const guint8 * earlier, gsize size, gsize n_luma, double share, Transition transition)
{
  for (gsize i = 0; i < size; i++) {
    double black = i < n_luma ? 16 : 128;

    if (transition == DISSOLVE)
      out[i] = earlier[i] * (1 - share) + out[i] * share;
    else if (share < 0.5)
      out[i] = earlier[i] * (1 - 2 * share) + black * 2 * share;
    else
      out[i] = out[i] * (2 * share - 1) + black * (2 - 2 * share);
  }
}

/* The last shot that has begun by then. */
static guint
find (const Film * self, guint n)
{
  guint index = 0;

  while (index + 1 < self->shots->len && g_array_index (self->shots, Shot, index + 1).first <= n)
    index++;
  return index;
}

GstBuffer *
film_draw (Film * self, guint n)
{
  guint index = find (self, n);
  const Shot *shot = &g_array_index (self->shots, Shot, index);
  GstBuffer *buffer;
  GstVideoInfo info;
  GstMapInfo map;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, W, H);
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  draw_shot (self, index, n - shot->first, &info, map.data);
  if (n - shot->first < shot->n_transition) {
    g_autofree guint8 *earlier = g_malloc0 (map.size);
    const Shot *before = shot - 1;

    draw_shot (self, index - 1, n - before->first, &info, earlier);
    mix (map.data, earlier, map.size, W * H, (n - shot->first + 1.0) / (shot->n_transition + 1), shot->transition);
  }
  if (is_flashing (shot, n - shot->first)) {
    for (gsize i = 0; i < W * H; i++)
      map.data[i] = MIN (235, 200 + map.data[i] / 6);
    memset (map.data + W * H, 128, map.size - W * H);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n, GST_SECOND, FILM_FPS);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / FILM_FPS;
  return buffer;
}

FilmChange
film_change (const Film * self, guint earlier, guint later)
{
  guint from = find (self, earlier), to = find (self, later);
  FilmChange change = FILM_SAME;

  for (guint i = from; i <= to; i++) {
    const Shot *shot = &g_array_index (self->shots, Shot, i);

    if (shot->n_transition > 0 && later >= shot->first && earlier < shot->first + shot->n_transition)
      return FILM_UNCLEAR;
    if (i > from)
      change = FILM_CUT;
  }
  return change;
}
