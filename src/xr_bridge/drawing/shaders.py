"""The shaders. Colours come as people name them (sRGB).

Where a picture takes light (linear) and the hardware turns that into sRGB, colours are turned into light first.
"""

_LIGHT = """#version 330
uniform float gamma;
vec3 light_of(vec3 srgb) { return pow(srgb, vec3(gamma)); }
"""

_BALL = """
in vec3 v_color;
in vec2 v_corner;
out vec4 f_color;
uniform float rim;
void main() {
    float away = dot(v_corner, v_corner);
    if (away > 1.0) discard;
    vec3 normal = vec3(v_corner, sqrt(1.0 - away));
    if (rim > 0.0) {
        // A ball of glass: what is behind it shows, its edge is bright.
        f_color = vec4(light_of(v_color), mix(0.10, 0.85, pow(away, 6.0)) * rim);
        return;
    }
    float lit = 0.35 + 0.65 * max(0.0, dot(normal, normalize(vec3(-0.3, 0.7, 0.65))));
    f_color = vec4(light_of(v_color) * lit, 1.0);
}
"""

POINTS_VERTEX = """#version 330
in vec3 in_start;
in vec3 in_end;
in vec4 in_bgr;
out vec3 v_color;
uniform mat4 model, view, projection;
uniform float share, radius, height, smallest;
void main() {
    vec4 place = view * model * vec4(mix(in_start, in_end, share), 1.0);
    gl_Position = projection * place;
    gl_PointSize = max(smallest, projection[1][1] * height * radius / max(0.01, -place.z));
    v_color = in_bgr.bgr;
}
"""
POINTS_FRAGMENT = (
    _LIGHT
    + """
in vec3 v_color;
out vec4 f_color;
void main() {
    vec2 corner = vec2(2.0, -2.0) * (gl_PointCoord - 0.5);
    float away = dot(corner, corner);
    if (away > 1.0) discard;
    vec3 normal = vec3(corner, sqrt(1.0 - away));
    float lit = 0.45 + 0.55 * max(0.0, dot(normal, normalize(vec3(-0.3, 0.7, 0.65))));
    f_color = vec4(light_of(v_color) * lit, 1.0);
}
"""
)
BALLS_VERTEX = """#version 330
in vec2 in_corner;
in vec3 in_center;
in float in_radius;
in vec3 in_color;
out vec3 v_color;
out vec2 v_corner;
uniform mat4 view, projection;
void main() {
    vec4 place = view * vec4(in_center, 1.0);
    place.xy += in_corner * in_radius;
    gl_Position = projection * place;
    v_color = in_color;
    v_corner = in_corner;
}
"""
BALLS_FRAGMENT = _LIGHT + _BALL

SURROUNDINGS_VERTEX = """#version 330
in vec2 in_corner;
out vec2 v_corner;
void main() {
    v_corner = in_corner;
    gl_Position = vec4(in_corner, 1.0, 1.0);
}
"""
SURROUNDINGS_FRAGMENT = (
    _LIGHT
    + """
in vec2 v_corner;
out vec4 f_color;
uniform mat4 from_clip;
uniform vec3 eye;
const vec3 GROUND = vec3(0.045, 0.052, 0.070);
const vec3 HORIZON = vec3(0.125, 0.145, 0.190);
const vec3 GRID = vec3(0.30, 0.35, 0.45);
float line(float at, float width) { return 1.0 - smoothstep(0.0, width, abs(fract(at + 0.5) - 0.5)); }
void main() {
    vec4 far = from_clip * vec4(v_corner, 1.0, 1.0);
    vec3 way = normalize(far.xyz / far.w - eye);
    vec3 color = mix(GROUND, HORIZON, exp(-abs(way.y) * 9.0));
    if (way.y < -0.01) {
        // The floor, y = 0: a line each half metre, fading away from the person.
        float steps = eye.y / -way.y;
        vec2 place = (eye + steps * way).xz;
        vec2 soft = 2.0 * fwidth(place / 0.5) + 0.015;
        float there = max(line(place.x / 0.5, soft.x), line(place.y / 0.5, soft.y));
        color += GRID * there * 0.5 * exp(-0.45 * length(place - eye.xz));
    }
    f_color = vec4(light_of(color), 1.0);
}
"""
)
PANELS_VERTEX = """#version 330
in vec2 in_corner;
out vec2 v_place;
uniform mat4 model, view, projection;
void main() {
    v_place = in_corner * vec2(0.5, -0.5) + 0.5;
    gl_Position = projection * view * model * vec4(in_corner, 0.0, 1.0);
}
"""
PANELS_FRAGMENT = (
    _LIGHT
    + """
in vec2 v_place;
out vec4 f_color;
uniform sampler2D picture;
void main() {
    vec4 found = texture(picture, v_place);
    if (found.a < 0.01) discard;
    f_color = vec4(light_of(found.rgb), found.a);
}
"""
)
LINES_VERTEX = """#version 330
in vec3 in_place;
in vec3 in_color;
out vec3 v_color;
uniform mat4 view, projection;
void main() {
    gl_Position = projection * view * vec4(in_place, 1.0);
    v_color = in_color;
}
"""
LINES_FRAGMENT = (
    _LIGHT
    + """
in vec3 v_color;
out vec4 f_color;
void main() { f_color = vec4(light_of(v_color), 1.0); }
"""
)
RIBBONS_VERTEX = """#version 330
in vec2 in_corner;
in vec3 in_start, in_end, in_color;
in vec2 in_opacity;
out vec3 v_color;
out float v_opacity, v_aside;
uniform mat4 view, projection;
uniform float half_width, least_pixels, height;
void main() {
    float along = 0.5 * in_corner.y + 0.5;
    vec3 start = (view * vec4(in_start, 1.0)).xyz;
    vec3 end = (view * vec4(in_end, 1.0)).xyz;
    vec3 place = mix(start, end, along);
    // Flat towards the eye; nothing of it is seen from its end.
    vec3 aside = cross(end - start, place);
    float pixel = 2.0 * max(0.01, -place.z) / (projection[1][1] * height);
    place += max(half_width, 0.5 * least_pixels * pixel) * in_corner.x * aside / max(length(aside), 1e-9);
    gl_Position = projection * vec4(place, 1.0);
    v_color = in_color;
    v_opacity = mix(in_opacity.x, in_opacity.y, along);
    v_aside = in_corner.x;
}
"""
RIBBONS_FRAGMENT = (
    _LIGHT
    + """
in vec3 v_color;
in float v_opacity, v_aside;
out vec4 f_color;
void main() { f_color = vec4(light_of(v_color), v_opacity * (1.0 - v_aside * v_aside)); }
"""
)
MIRROR_VERTEX = """#version 330
in vec2 in_corner;
out vec2 v_place;
void main() {
    v_place = in_corner * 0.5 + 0.5;
    gl_Position = vec4(in_corner, 0.0, 1.0);
}
"""
MIRROR_FRAGMENT = """#version 330
in vec2 v_place;
out vec4 f_color;
uniform sampler2D picture;
uniform bool encodes;
void main() {
    vec3 found = texture(picture, v_place).rgb;
    f_color = vec4(encodes ? pow(found, vec3(1.0 / 2.2)) : found, 1.0);
}
"""
GAMMA = 2.2
"""Of sRGB, nearly."""
