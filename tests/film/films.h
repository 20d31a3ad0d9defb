/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films that tests make with ffmpeg, whose pictures tell their number, and what was read of them. */

#pragma once

#include "film/film.h"

/* Numbers go up to here, and begin anew. */
#define NUMBERS 55
#define FRAME (GST_SECOND / 25)

/* Pictures with their number in the middle and noise around it, 25 a second, as an input of ffmpeg; 96 x 64. */
#define NUMBERED(seconds) "-f lavfi -i \"nullsrc=s=96x64:r=25:d=" seconds ",geq=lum='if(lt(abs(X-48),16),16+4*mod(N,55),80+mod(X*Y*(N+3),97))':cb=128:cr=128\" "
/* H.264 with B-frames and a key frame every second. */
#define X264 "-c:v libx264 -preset veryfast -qp 4 -bf 2 -g 25 -keyint_min 25 -sc_threshold 0 -threads 1 "

typedef struct
{
  guint64 time, duration;
  guint number;
  guint32 sum;                  /* over its pixels */
} Shown;

/* A folder for this program's films; every other function works in it. */
void films_begin (void);
void films_end (void);

/* Where a file of that name is, or would be. (transfer none) */
const char *film_path (const char *name);
/* Runs `ffmpeg ARGUMENTS NAME` in the folder, unless the file is there. The arguments are split as a shell does. Its path. (transfer none) */
const char *film_make (const char *name, const char *arguments);
/* Six seconds in each of many containers: the names, and one of them, made. */
extern const char *const film_containers[];
const char *film_contain (const char *name);
/* The same pictures as c.mp4 has, copied with further options. */
const char *film_copy (const char *name, const char *options);
/* A file of other files one behind the other. */
const char *film_join (const char *name, const char *first, const char *second);
/* A file with the bytes of another from there on, up to that many percent of all. */
const char *film_cut (const char *name, const char *of, gsize from, guint percent);
const char *film_write (const char *name, gconstpointer bytes, gssize length);

/* Reads all pictures; nothing may go wrong. Of Shown. (transfer full) */
GArray *film_read (const char *path, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames);
GArray *film_read_all (const char *path);
/* The first picture. (transfer full) */
GstSample *film_first (const char *path);

/* n pictures, numbered from first on, at start and regularly from there. */
void assert_regular (GArray *shown, guint first, guint n, guint64 start);
/* The same pictures at the same times. */
void assert_same (GArray *shown, GArray *expected);
/* Opening it, or reading it where it opens, fails with that code and a line that says each of the words, between which stand |. */
void assert_fails (const char *path, L4FilmError code, const char *words);
